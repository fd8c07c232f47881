import type { CacheRecordInfo } from '../build/cache/record-info.ts'
import { listCacheRecords } from '../build/cache/usage.ts'
import { type ContainerWithState, listContainers } from '../container/catalog.ts'
import { measureContainers } from '../container/size.ts'
import type { Digest } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { getImage, type Image } from '../image/find.ts'
import { isSquashed } from '../image/layer-kind.ts'
import { type ListedImage, layerSize, listImages } from '../image/list.ts'
import { measureTrees } from '../runtime/userns.ts'
import { hasLayer } from '../store/layers.ts'
import { listStore } from '../store/shared.ts'
import { listVolumes } from '../volume/list.ts'
import { type VolumeRecord, volumeData } from '../volume/volume.ts'

export interface ImageUsage extends ListedImage {
  /** Bytes of layers that other images have too, and of those that only this one has. */
  shared: number
  unique: number
  containers: number
}

export interface ContainerUsage {
  container: ContainerWithState
  /** Bytes that the container wrote. */
  size: number
  /** Bytes of all that is in it. */
  total: number
}

export interface VolumeUsage extends VolumeRecord {
  /** Containers that have it. */
  links: number
  size: number
}

/** What everything takes on the disk. */
export interface DiskUsage {
  images: ImageUsage[]
  /** Bytes of all layers of images, each counted once. */
  layers: number
  containers: ContainerUsage[]
  volumes: VolumeUsage[]
  /** Those used longest ago first. */
  buildCache: CacheRecordInfo[]
  /** Those of others; what is there takes nothing of this user's disk. */
  stores: StoreUsage[]
}

export interface StoreUsage {
  path: string
  images: number
  /** Bytes of all layers of its images, each counted once. */
  size: number
}

/** Looks at every file of containers and volumes: this takes its time. */
export async function measureDisk(engine: Engine): Promise<DiskUsage> {
  const containers = listContainers(engine.paths.data)
  return {
    ...measureImages(engine, containers),
    containers: await measureAll(engine, containers),
    volumes: await measureVolumes(engine, containers),
    buildCache: await listCache(engine),
    stores: engine.stores.shared.map(measureStore),
  }
}

/** The records of the build cache, those used longest ago first. */
export const listCache = async (engine: Engine): Promise<CacheRecordInfo[]> =>
  (await listCacheRecords(engine)).sort(byLastUse)

/** What was never used comes first. */
const byLastUse = (a: CacheRecordInfo, b: CacheRecordInfo): number =>
  (a.lastUsedAt?.getTime() ?? 0) - (b.lastUsedAt?.getTime() ?? 0) || a.size - b.size

/** What images take; one with several names is one. */
export function measureImages(
  engine: Engine,
  containers: readonly ContainerWithState[],
): Pick<DiskUsage, 'images' | 'layers'> {
  const rows = new Map<Digest, ListedImage>()
  for (const row of listImages(engine)) if (!rows.has(row.id)) rows.set(row.id, row)
  const layersOf = new Map<Digest, Layer[]>()
  const owners = new Map<Digest, number>()
  for (const id of rows.keys()) {
    const layers = readLayers(engine, getImage(engine, id))
    layersOf.set(id, layers)
    for (const { diffId } of layers) owners.set(diffId, (owners.get(diffId) ?? 0) + 1)
  }
  // What only a store of others has is nobody's alone.
  const isUnique = ({ diffId, isOwn }: Layer): boolean => isOwn && owners.get(diffId) === 1
  const images = [...rows.values()].map((row) => {
    const layers = layersOf.get(row.id) ?? []
    return {
      ...row,
      shared: sum(layers.filter((layer) => !isUnique(layer))),
      unique: sum(layers.filter(isUnique)),
      containers: containers.filter(({ record }) => record.imageId === row.id).length,
    }
  })
  const own = [...layersOf.values()].flat().filter(({ isOwn }) => isOwn)
  return { images, layers: sum(new Map(own.map((layer) => [layer.diffId, layer])).values()) }
}

interface Layer {
  diffId: Digest
  size: number
  isOwn: boolean
}

/** The layers of an image, each once. */
const readLayers = (engine: Engine, image: Image): Layer[] =>
  [...new Set(image.config.diffIds)].map((diffId) => ({
    diffId,
    size: layerSize(engine, image, diffId),
    isOwn: hasLayer(engine.paths.data, diffId, isSquashed(engine)),
  }))

const sum = (layers: Iterable<Layer>): number =>
  [...layers].reduce((total, { size }) => total + size, 0)

function measureStore(path: string): StoreUsage {
  const records = listStore(path)
  const sizes = Object.assign({}, ...records.map(({ layerSizes }) => layerSizes))
  return {
    path,
    images: new Set(records.map(({ imageId }) => imageId)).size,
    size: Object.values<number>(sizes).reduce((total, size) => total + size, 0),
  }
}

/** What each container takes. */
export async function measureAll(
  engine: Engine,
  containers: readonly ContainerWithState[],
): Promise<ContainerUsage[]> {
  const sizes = containers.length > 0 ? await measureContainers(engine, containers) : []
  return containers.map((container, index) => ({
    container,
    size: sizes[index]?.own ?? 0,
    total: sizes[index]?.total ?? 0,
  }))
}

/** What each volume takes whose files are here. */
export async function measureVolumes(
  engine: Engine,
  containers: readonly ContainerWithState[],
): Promise<VolumeUsage[]> {
  const { data } = engine.paths
  // The files of a plugin's volumes are not here to be measured.
  const volumes = listVolumes(data).filter(({ driver }) => driver === undefined)
  const namespace = { program: engine.native().program, idMap: engine.idMap() }
  const sizes = await measureTrees(
    namespace,
    volumes.map(({ name }) => volumeData(data, name)),
  )
  return volumes.map((volume, index) => ({
    ...volume,
    links: containers.filter(({ record }) =>
      record.mounts.some((mount) => mount.type === 'volume' && mount.name === volume.name),
    ).length,
    size: sizes[index] ?? 0,
  }))
}
