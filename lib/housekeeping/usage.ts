import { type ContainerWithState, listContainers } from '../container/catalog.ts'
import { measureContainers } from '../container/size.ts'
import type { Digest } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { getImage } from '../image/find.ts'
import { isSquashed } from '../image/layer-kind.ts'
import { type ListedImage, listImages } from '../image/list.ts'
import { measureTrees } from '../runtime/userns.ts'
import { readLayer } from '../store/layers.ts'
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
}

/** Looks at every file of containers and volumes: this takes its time. */
export async function measureDisk(engine: Engine): Promise<DiskUsage> {
  const containers = listContainers(engine.paths.data)
  const sizes = containers.length > 0 ? await measureContainers(engine, containers) : []
  return {
    ...measureImages(engine, containers),
    containers: containers.map((container, index) => ({ container, size: sizes[index]?.own ?? 0 })),
    volumes: await measureVolumes(engine, containers),
  }
}

/** An image with several names is one. */
function measureImages(
  engine: Engine,
  containers: readonly ContainerWithState[],
): Pick<DiskUsage, 'images' | 'layers'> {
  const rows = new Map<Digest, ListedImage>()
  for (const row of listImages(engine)) if (!rows.has(row.id)) rows.set(row.id, row)
  const layersOf = new Map<Digest, Set<Digest>>()
  const owners = new Map<Digest, number>()
  for (const id of rows.keys()) {
    const layers = new Set(getImage(engine, id).config.diffIds)
    layersOf.set(id, layers)
    for (const layer of layers) owners.set(layer, (owners.get(layer) ?? 0) + 1)
  }
  const size = (layer: Digest): number =>
    readLayer(engine.paths.data, layer, isSquashed(engine))?.bytes ?? 0
  const sum = (layers: Iterable<Digest>): number =>
    [...layers].reduce((total, layer) => total + size(layer), 0)
  const images = [...rows.values()].map((row) => {
    const layers = [...(layersOf.get(row.id) ?? [])]
    return {
      ...row,
      shared: sum(layers.filter((layer) => (owners.get(layer) ?? 0) > 1)),
      unique: sum(layers.filter((layer) => owners.get(layer) === 1)),
      containers: containers.filter(({ record }) => record.imageId === row.id).length,
    }
  })
  return { images, layers: sum(owners.keys()) }
}

async function measureVolumes(
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
