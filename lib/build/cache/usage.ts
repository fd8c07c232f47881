import { statSync } from 'node:fs'
import { digestHex } from '../../core/ids.ts'
import type { Engine } from '../../engine.ts'
import { collectGarbage } from '../../image/collect.ts'
import { readImage } from '../../image/find.ts'
import { isSquashed } from '../../image/layer-kind.ts'
import { layerPath } from '../../store/layers.ts'
import { listReferences } from '../../store/references.ts'
import {
  listSources,
  listSteps,
  removeSource,
  removeStep,
  sourceUsedAt,
  stepUsedAt,
} from '../../store/steps.ts'
import { listCacheMounts, removeCacheMount } from '../run/cache-mounts.ts'
import { matchesFilter } from './filter.ts'
import type { CachePruned, CachePruneRequest, CacheRecordInfo } from './record-info.ts'

/** Everything that builds keep for later ones: steps, images without names, mounts of type cache. */
export async function listCacheRecords(engine: Engine): Promise<CacheRecordInfo[]> {
  const { data } = engine.paths
  const ofImages = layersOfImages(engine)
  const steps = listSteps(data).map(
    ({ key, parents, diffId, createdAt, description, size }): CacheRecordInfo => ({
      ...common(key, createdAt, stepUsedAt(data, key)),
      parents: parents.map(shortKey),
      size: statSync(layerPath(data, diffId, isSquashed(engine)), { throwIfNoEntry: false })
        ? size
        : 0,
      description,
      type: 'regular',
      shared: ofImages.has(digestHex(diffId)),
      mutable: false,
    }),
  )
  const sources = listSources(data).map(
    ({ key, reference, layers, createdAt, size }): CacheRecordInfo => ({
      ...common(key, createdAt, sourceUsedAt(data, key)),
      parents: [],
      size,
      description: `pulled from ${reference}`,
      type: 'regular',
      shared: layers.length > 0 && layers.every((layer) => ofImages.has(digestHex(layer))),
      mutable: false,
    }),
  )
  return [...steps, ...sources, ...(await mountRecords(engine))]
}

/** As long as the ids of BuildKit's records. */
const shortKey = (key: string): string => key.slice(0, 25)

const common = (
  id: string,
  createdAt: string,
  usedAt: number,
): Pick<
  CacheRecordInfo,
  'id' | 'createdAt' | 'lastUsedAt' | 'usageCount' | 'inUse' | 'reclaimable'
> => ({
  id: shortKey(id),
  createdAt: new Date(createdAt),
  lastUsedAt: usedAt > 0 ? new Date(usedAt) : undefined,
  usageCount: 1,
  inUse: false,
  reclaimable: true,
})

async function mountRecords(engine: Engine): Promise<CacheRecordInfo[]> {
  const mounts = await listCacheMounts(engine)
  return mounts.map(({ key, id, target, createdAt, lastUsedAt, uses, bytes }) => ({
    id: key,
    parents: [],
    createdAt,
    lastUsedAt,
    usageCount: uses,
    size: bytes,
    description: `cached mount ${target} with id ${JSON.stringify(id)}`,
    type: 'exec.cachemount',
    inUse: false,
    shared: false,
    mutable: true,
    reclaimable: true,
  }))
}

/** Hexadecimal digests of the layers that images have. */
function layersOfImages(engine: Engine): Set<string> {
  const images = listReferences(engine.paths.data).flatMap(
    (record) => readImage(engine, record) ?? [],
  )
  return new Set(images.flatMap(({ config }) => config.diffIds.map(digestHex)))
}

/** Removes records, those unused for longest first, and the layers that nobody needs then. */
export async function pruneCache(engine: Engine, request: CachePruneRequest): Promise<CachePruned> {
  const records = await listCacheRecords(engine)
  const candidates = records
    .filter((record) => record.reclaimable && matchesFilter(record, request.filter))
    // What an image has, too, frees nothing.
    .filter((record) => request.all || !record.shared)
    .sort((one, other) => usedAt(one) - usedAt(other))
  let kept = records.reduce((sum, { size }) => sum + size, 0)
  const removed: CacheRecordInfo[] = []
  for (const record of candidates) {
    if (request.keepStorage > 0 && kept <= request.keepStorage) break
    if (!(await removeRecord(engine, record))) continue
    removed.push(record)
    kept -= record.size
  }
  await collectGarbage(engine)
  const reclaimed = removed.reduce((sum, { size, shared }) => sum + (shared ? 0 : size), 0)
  return { removed, reclaimed }
}

const usedAt = ({ lastUsedAt, createdAt }: CacheRecordInfo): number =>
  (lastUsedAt ?? createdAt).getTime()

async function removeRecord(engine: Engine, { id, type }: CacheRecordInfo): Promise<boolean> {
  const { data } = engine.paths
  if (type === 'exec.cachemount') return await removeCacheMount(engine, id)
  for (const { key } of listSteps(data)) if (key.startsWith(id)) removeStep(data, key)
  for (const { key } of listSources(data)) if (key.startsWith(id)) removeSource(data, key)
  return true
}
