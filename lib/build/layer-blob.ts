import { createWriteStream, renameSync, rmSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { LighterError } from '../core/errors.ts'
import { type Digest, shortId } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { makeDraft } from '../fs/drafts.ts'
import { spaceError } from '../fs/replace.ts'
import { ownIdentity } from '../host/process.ts'
import { Digesting } from '../image/digesting.ts'
import { isSquashed } from '../image/layer-kind.ts'
import type { Descriptor } from '../oci/image.ts'
import { packTree } from '../runtime/tree.ts'
import { blobPath, ensureLayout } from '../store/blobs.ts'
import { layerName } from '../store/layers.ts'
import { letReadersIn } from '../store/readers.ts'
import { layerTree } from '../store/shared.ts'

/** Of a layer that is stored as its archive is. */
const PLAIN_LAYER = 'application/vnd.oci.image.layer.v1.tar'

export interface BlobSource {
  /** A file with the archive, on the file system of the store: it is taken. Absent: the layer's tree is packed. */
  archive?: string | undefined
  signal?: AbortSignal | undefined
}

/**
 * Makes the archive of a layer be in the store, whose digest is the layer's. Throws `damaged-image` where the tree does not make it
 * any more, `no-space`.
 */
export async function ensureBlob(
  engine: Engine,
  diffId: Digest,
  { archive, signal }: BlobSource = {},
): Promise<Descriptor> {
  const { data } = engine.paths
  const target = blobPath(data, diffId)
  const known = statSync(target, { throwIfNoEntry: false })
  if (known) return { mediaType: PLAIN_LAYER, digest: diffId, size: known.size }
  if (archive !== undefined)
    return { mediaType: PLAIN_LAYER, digest: diffId, size: await publish(data, diffId, archive) }
  const draft = makeDraft(data, ownIdentity())
  try {
    const path = join(draft, 'layer.tar')
    const { digest, size } = await packInto(engine, diffId, path, signal)
    if (digest !== diffId) throw damaged(diffId)
    await publish(data, diffId, path)
    return { mediaType: PLAIN_LAYER, digest: diffId, size }
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

/** Gives a whole archive its name in the store. Returns its bytes. */
async function publish(data: string, diffId: Digest, path: string): Promise<number> {
  const target = blobPath(data, diffId)
  try {
    const size = await synced(path)
    ensureLayout(data)
    renameSync(path, target)
    letReadersIn(target)
    return size
  } catch (error) {
    throw spaceError(error, path)
  }
}

/** Others go on while the disk writes. */
async function synced(path: string): Promise<number> {
  const file = await open(path, 'r')
  try {
    await file.sync()
    return (await file.stat()).size
  } finally {
    await file.close()
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
  const digesting = new Digesting()
  try {
    const archive = packTree({ program: engine.native().program, idMap: engine.idMap() }, tree, {
      signal,
    })
    await pipeline(archive, digesting, createWriteStream(path, { mode: 0o600 }))
  } catch (error) {
    throw spaceError(error, path)
  }
  return { digest: digesting.digest(), size: digesting.size }
}
