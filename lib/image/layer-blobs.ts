import { join } from 'node:path'
import { type Digest, isDigest } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'
import { replaceFile } from '../fs/replace.ts'
import { isElsewhere } from '../oci/descriptor.ts'
import { type Descriptor, parseDescriptor } from '../oci/image.ts'
import { hasLayer, layerPath } from '../store/layers.ts'
import { hasBlobAnywhere, listAllReferences } from '../store/shared.ts'
import { readImage } from './find.ts'
import { isSquashed } from './layer-kind.ts'

const MAX_MEMORY = 64 * 1024
/** Other wrappings of one layer are not remembered. */
const MAX_BLOBS = 16

/** A blob that a layer was unpacked from, or packed to. */
export type LayerBlob = Pick<Descriptor, 'mediaType' | 'digest' | 'size'>

/**
 * The blobs that are here of each of these layers, whatever their compression, sorted: those that are remembered, and those of images that
 * have the layer. Layers without any are left out.
 */
export function findLayerBlobs(
  engine: Engine,
  diffIds: readonly Digest[],
): Map<Digest, LayerBlob[]> {
  const found = new Map<Digest, LayerBlob[]>()
  for (const diffId of diffIds) add(engine, found, diffId, readMemory(engine, diffId))
  const missing = new Set(diffIds.filter((diffId) => !found.has(diffId)))
  if (missing.size === 0) return found
  for (const record of listAllReferences(engine.stores)) {
    const image = readImage(engine, record)
    for (const [index, diffId] of image?.config.diffIds.entries() ?? []) {
      const blob = image?.layers[index]
      if (blob && missing.has(diffId)) add(engine, found, diffId, [blob])
    }
  }
  for (const diffId of missing) remember(engine, diffId, found.get(diffId) ?? [])
  return found
}

function add(
  engine: Engine,
  found: Map<Digest, LayerBlob[]>,
  diffId: Digest,
  blobs: readonly Descriptor[],
): void {
  const known = found.get(diffId) ?? []
  const others = blobs.filter(
    (blob) =>
      !isElsewhere(blob) &&
      !known.some(({ digest }) => digest === blob.digest) &&
      hasBlobAnywhere(engine.stores, blob.digest, blob.size),
  )
  if (others.length === 0) return
  const all = [
    ...known,
    ...others.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
  ]
  found.set(
    diffId,
    all.sort((a, b) => (a.digest < b.digest ? -1 : 1)),
  )
}

/** Remembers blobs of a layer beside its tree, for as long as that is here. It needs no sync: without it they are made anew. */
export function rememberLayerBlob(engine: Engine, diffId: Digest, blob: LayerBlob): void {
  const { mediaType, digest, size } = blob
  const known = readMemory(engine, diffId).filter((other) => other.digest !== digest)
  remember(engine, diffId, [...known, { mediaType, digest, size }])
}

const memoryPath = (engine: Engine, diffId: Digest): string =>
  join(layerPath(engine.paths.data, diffId, isSquashed(engine)), 'blobs.json')

function remember(engine: Engine, diffId: Digest, blobs: readonly LayerBlob[]): void {
  if (blobs.length === 0 || !hasLayer(engine.paths.data, diffId, isSquashed(engine))) return
  const text = `${JSON.stringify({ version: 1, blobs: blobs.slice(-MAX_BLOBS) })}\n`
  replaceFile(memoryPath(engine, diffId), text)
}

function readMemory(engine: Engine, diffId: Digest): Descriptor[] {
  if (!isDigest(diffId)) return []
  const value = parseJson(readSmallFile(memoryPath(engine, diffId), MAX_MEMORY))
  const { version, blobs } = (value ?? {}) as { version?: unknown; blobs?: unknown }
  if (version !== 1 || !Array.isArray(blobs)) return []
  return blobs.flatMap((blob) => {
    try {
      return [parseDescriptor(blob)]
    } catch {
      return []
    }
  })
}
