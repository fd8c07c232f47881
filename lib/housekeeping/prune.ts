import { isPrunable, type Pruned, type PruneFilter, recordPrune } from '../container/prune.ts'
import { LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { readImage } from '../image/find.ts'
import { isSquashed } from '../image/layer-kind.ts'
import { removeImage } from '../image/remove.ts'
import { listImageUsers } from '../image/users.ts'
import { hasLayer, readLayer } from '../store/layers.ts'
import { listReferences, type ReferenceRecord } from '../store/references.ts'

/**
 * Removes images that no container was made from: those without a tag, or with `all` any. What was done is told in the words of Docker's
 * `prune`.
 */
export async function pruneImages(
  engine: Engine,
  filter: PruneFilter,
  all: boolean,
): Promise<Pruned> {
  const { data } = engine.paths
  const sizes = layerSizes(engine)
  const deleted: string[] = []
  for (const [id, names] of namesByImage(data)) {
    // A digest that it was pulled by is no tag.
    if (!all && !names.every(({ reference }) => reference.includes('@'))) continue
    const [first] = names
    const image = first && readImage(engine, first)
    if (!image) continue
    const { created, defaults } = image.config
    if (!isPrunable(filter, created, defaults.labels)) continue
    deleted.push(...(await removeUnused(engine, id)).map(lowerVerb))
  }
  let reclaimed = 0
  for (const [layer, bytes] of sizes) {
    if (!hasLayer(data, layer, isSquashed(engine))) reclaimed += bytes
  }
  recordPrune(data, 'image', reclaimed)
  return { deleted, reclaimed }
}

/** `Untagged: x` of `rmi` is `untagged: x` here. */
const lowerVerb = (line: string): string => line.charAt(0).toLowerCase() + line.slice(1)

function namesByImage(data: string): Map<Digest, ReferenceRecord[]> {
  const names = new Map<Digest, ReferenceRecord[]>()
  for (const record of listReferences(data)) {
    names.set(record.imageId, [...(names.get(record.imageId) ?? []), record])
  }
  return names
}

/** Who uses it is asked last of all: somebody may have begun meanwhile. */
async function removeUnused(engine: Engine, id: Digest): Promise<string[]> {
  const users = listImageUsers(engine)
  if (users.some(({ imageId }) => imageId === id)) return []
  try {
    return await removeImage(engine, id, { force: true, users })
  } catch (error) {
    if (error instanceof LighterError && error.code === 'no-such-image') return []
    throw error
  }
}

/** Bytes of the layers of all images. */
function layerSizes(engine: Engine): Map<Digest, number> {
  const sizes = new Map<Digest, number>()
  for (const record of listReferences(engine.paths.data)) {
    for (const layer of readImage(engine, record)?.config.diffIds ?? []) {
      sizes.set(layer, readLayer(engine.paths.data, layer, isSquashed(engine))?.bytes ?? 0)
    }
  }
  return sizes
}
