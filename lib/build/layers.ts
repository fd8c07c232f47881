import {
  closeSync,
  createWriteStream,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { LighterError } from '../core/errors.ts'
import { type Digest, parseDigest, shortId } from '../core/ids.ts'
import { lazyCrypto } from '../core/lazy.ts'
import type { Engine } from '../engine.ts'
import { makeDraft } from '../fs/drafts.ts'
import { spaceError } from '../fs/replace.ts'
import { ownIdentity } from '../host/process.ts'
import { clearDamaged } from '../image/layer.ts'
import { isSquashed } from '../image/layer-kind.ts'
import type { Descriptor } from '../oci/image.ts'
import { packTree, sealTree } from '../runtime/tree.ts'
import type { UserNamespace } from '../runtime/userns.ts'
import { blobPath, ensureLayout } from '../store/blobs.ts'
import { layerName, publishLayer, writeLayerRecord } from '../store/layers.ts'
import { letReadersIn } from '../store/readers.ts'
import { layerTree } from '../store/shared.ts'
import { treesOf } from './layer-trees.ts'

/** Of a layer that is stored as its archive is. */
const PLAIN_LAYER = 'application/vnd.oci.image.layer.v1.tar'

export interface SealLayerOptions {
  /** Mount points of the step. */
  placeholders: readonly string[]
  /** Seconds since 1970 that files may not be newer than. */
  epoch: number | undefined
  /** Told the digest before the layer has its name. */
  onDigest(diffId: Digest): void
  signal: AbortSignal
}

/**
 * Makes a layer of the store of what a step wrote into `directory/upper`, on layers that are there; another process may have made the
 * same one. Returns its diffID and the bytes of its files.
 */
export async function sealLayer(
  engine: Engine,
  directory: string,
  lower: readonly Digest[],
  { placeholders, epoch, onDigest, signal }: SealLayerOptions,
): Promise<{ diffId: Digest; bytes: number }> {
  const { data } = engine.paths
  const squashed = isSquashed(engine)
  const upper = join(directory, 'upper')
  const below = treesOf(engine, lower)
  const sealed = await sealTree(namespaceOf(engine), upper, below, { placeholders, epoch, signal })
  const diffId = parseDigest(sealed.diffId)
  onDigest(diffId)
  await clearDamaged(engine, diffId)
  const layer = join(directory, 'layer')
  try {
    mkdirSync(layer, { mode: 0o700 })
    renameSync(upper, join(layer, 'fs'))
    writeLayerRecord(layer, { diffId, bytes: sealed.bytes, entries: sealed.entries, squashed })
    publishLayer(data, layer, diffId, squashed)
  } catch (error) {
    throw spaceError(error, layer)
  }
  return { diffId, bytes: sealed.bytes }
}

const namespaceOf = (engine: Engine): UserNamespace => ({
  program: engine.native().program,
  idMap: engine.idMap(),
})

/**
 * Makes the archive of a layer be in the store, whose digest is the layer's. Throws `damaged-image` where the tree does not make it
 * any more, `no-space`.
 */
export async function ensureBlob(
  engine: Engine,
  diffId: Digest,
  signal?: AbortSignal,
): Promise<Descriptor> {
  const { data } = engine.paths
  const target = blobPath(data, diffId)
  const known = statSync(target, { throwIfNoEntry: false })
  if (known) return { mediaType: PLAIN_LAYER, digest: diffId, size: known.size }
  const draft = makeDraft(data, ownIdentity())
  try {
    const path = join(draft, 'layer.tar')
    const { digest, size } = await packInto(engine, diffId, path, signal)
    if (digest !== diffId) throw damaged(diffId)
    ensureLayout(data)
    renameSync(path, target)
    letReadersIn(target)
    return { mediaType: PLAIN_LAYER, digest: diffId, size }
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

const damaged = (diffId: Digest): LighterError =>
  new LighterError('damaged-image', `the tree of layer ${shortId(diffId)} is damaged`, {
    hint: "'lighter system check --repair' removes it; then build again with --no-cache.",
  })

async function packInto(
  engine: Engine,
  diffId: Digest,
  path: string,
  signal: AbortSignal | undefined,
): Promise<{ digest: string; size: number }> {
  const tree = layerTree(engine.stores, layerName(diffId, isSquashed(engine)))
  const hash = lazyCrypto().createHash('sha256')
  let size = 0
  const digesting = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      size += chunk.length
      done(null, chunk)
    },
  })
  try {
    const archive = packTree(namespaceOf(engine), tree, { signal })
    await pipeline(archive, digesting, createWriteStream(path, { mode: 0o600 }))
    const fd = openSync(path, 'r')
    try {
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    throw spaceError(error, path)
  }
  return { digest: `sha256:${hash.digest('hex')}`, size }
}
