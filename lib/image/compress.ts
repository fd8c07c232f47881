import { closeSync, createWriteStream, fsyncSync, openSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline as pipeStream, type Readable, type Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  constants,
  createGunzip,
  createGzip,
  createZstdCompress,
  createZstdDecompress,
} from 'node:zlib'
import type { Digest } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { streamOf } from '../fs/beneath.ts'
import { makeDraft } from '../fs/drafts.ts'
import { spaceError } from '../fs/replace.ts'
import { ownIdentity } from '../host/process.ts'
import { removeTrees } from '../runtime/userns.ts'
import { blobPath, ensureLayout, hasBlob } from '../store/blobs.ts'
import { letReadersIn } from '../store/readers.ts'
import { openBlob } from '../store/shared.ts'
import { damagedBlob } from './archive-writer.ts'
import { Digesting } from './digesting.ts'
import type { BlobHold } from './hold.ts'
import { type LayerBlob, rememberLayerBlob } from './layer-blobs.ts'
import { type Compression, compressionOf, layerType } from './layer-types.ts'

/** One level for all: the same layer is the same blob whenever it is compressed. Those of gzip and zstd when nobody says another one. */
const LEVELS = { gzip: 6, zstd: 3 }

export interface Wrapping {
  compression: Compression
  /** The program's own when absent. */
  level?: number | undefined
}

/** The archive of a layer, whose digest is the layer's. */
export interface PlainLayer {
  diffId: Digest
  open(): Readable
}

/** The archive of a layer whose blob is in the store, whatever wraps it. */
export const unwrapped = (
  engine: Engine,
  diffId: Digest,
  { mediaType, digest, size }: LayerBlob,
): PlainLayer => ({
  diffId,
  open: () => {
    const blob = streamOf(openBlob(engine.stores, digest, size), { highWaterMark: 1024 * 1024 })
    const compression = compressionOf(mediaType)
    if (compression === 'uncompressed') return blob
    const plain = compression === 'gzip' ? createGunzip() : createZstdDecompress()
    return pipeStream(blob, plain, (error) => {
      if (error) plain.destroy(error)
    })
  },
})

/**
 * Makes a blob of a layer, wrapped as wanted, be in the store, and remembers it; no time and no name goes into it, so that equal
 * layers are equal blobs. Nothing but `hold` keeps it. Throws `damaged-image` where the bytes are not those of the digest, `no-space`.
 */
export async function wrapLayer(
  engine: Engine,
  { diffId, open }: PlainLayer,
  { compression, level }: Wrapping,
  hold: BlobHold,
  signal?: AbortSignal,
): Promise<LayerBlob> {
  const { data } = engine.paths
  const draft = makeDraft(data, ownIdentity())
  const path = join(draft, 'layer')
  const before = new Digesting()
  const after = new Digesting()
  try {
    await pipeline(
      open(),
      before,
      ...compressors(compression, level),
      after,
      createWriteStream(path, { mode: 0o600 }),
      { ...(signal ? { signal } : {}) },
    ).catch((error) => {
      throw spaceError(error, path)
    })
    if (before.digest() !== diffId) throw damagedBlob(diffId)
    const blob = {
      mediaType: layerType(compression, true),
      digest: after.digest(),
      size: after.size,
    }
    hold.add([blob.digest])
    publishBlob(data, path, blob)
    rememberLayerBlob(engine, diffId, blob)
    return blob
  } finally {
    const namespace = { program: engine.native().program, idMap: engine.idMap() }
    await removeTrees(namespace, [draft]).catch(() => undefined)
  }
}

function compressors(compression: Compression, level: number | undefined): Transform[] {
  if (compression === 'uncompressed') return []
  const wanted = level ?? LEVELS[compression]
  if (compression === 'gzip') return [createGzip({ level: wanted })]
  return [createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: wanted } })]
}

/** Gives a file the name of its digest among the blobs; it is on the disk before. */
export function publishBlob(data: string, path: string, { digest, size }: LayerBlob): void {
  ensureLayout(data)
  const target = blobPath(data, digest)
  if (!hasBlob(data, digest, size)) {
    const fd = openSync(path, 'r')
    try {
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(path, target)
  }
  letReadersIn(target)
}
