import { sweepAbandoned } from '../container/abandoned.ts'
import { isPrunable, type Pruned, type PruneFilter, recordPrune } from '../container/prune.ts'
import { type ErrorCode, LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { collectGarbage } from '../image/collect.ts'
import { readImage } from '../image/find.ts'
import { isSquashed } from '../image/layer-kind.ts'
import { removeImage } from '../image/remove.ts'
import { listImageUsers } from '../image/users.ts'
import { hasLayer, readLayer } from '../store/layers.ts'
import {
  deriveIndex,
  listReferences,
  type ReferenceRecord,
  removeReference,
} from '../store/references.ts'
import { findSharedImage } from '../store/shared.ts'

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
  await sweepAbandoned(engine)
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
    const isKept = names.every(isNameless) && findSharedImage(engine.stores, id) !== undefined
    if (isKept && all) dropUnpacked(engine, id)
    if (!isKept) deleted.push(...(await removeNames(engine, names)).map(lowerVerb))
  }
  // Layers of containers that are gone may have outlived their image's names.
  await collectGarbage(engine)
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

const isNameless = ({ reference }: ReferenceRecord): boolean => reference.startsWith('@')

/** One name after the other, as Docker does it: of an image that a container was made from, the last one stays. */
async function removeNames(engine: Engine, names: readonly ReferenceRecord[]): Promise<string[]> {
  const lines: string[] = []
  for (const { reference, imageId } of names) {
    // Who uses it is asked last of all: somebody may have begun meanwhile.
    const users = listImageUsers(engine)
    const text = reference.startsWith('@') ? imageId : reference
    try {
      lines.push(...(await removeImage(engine, text, { force: false, users })))
    } catch (error) {
      const isKept = error instanceof LighterError && KEPT.has(error.code)
      if (!isKept) throw error
    }
  }
  return lines
}

/** A container has it, or it went with another name. */
const KEPT: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['conflict', 'no-such-image'])

/** What was unpacked here of an image that only a store of others has; the image stays. */
function dropUnpacked(engine: Engine, id: Digest): void {
  if (listImageUsers(engine).some(({ imageId }) => imageId === id)) return
  removeReference(engine.paths.data, `@${id}`)
  deriveIndex(engine.paths.data)
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
