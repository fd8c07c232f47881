import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { isErrno, isSystemError, LighterError } from '../../core/errors.ts'
import type { Digest } from '../../core/ids.ts'
import { unpackDraft } from '../../image/layer.ts'
import type { Descriptor } from '../../oci/image.ts'
import { digestTrees, removeTrees } from '../../runtime/userns.ts'
import { writeTreeDigest } from '../../store/layers.ts'
import { hasBlobAnywhere, type ImageStores, openBlob } from '../../store/shared.ts'
import type { Check } from './finding.ts'

/** A layer as its blob makes it: a draft of this process, with the digest of its tree. */
export interface FreshLayer {
  draft: string
  digest: string
}

export const NO_BLOB = 'its blob is not there'

/** Unpacks a layer once more, without giving it its name. Returns why that cannot be. `bad`: blobs that are known to be damaged. */
export async function unpackFresh(
  check: Check,
  diffId: Digest,
  blobs: readonly Descriptor[],
  bad: ReadonlySet<Digest>,
): Promise<FreshLayer | string> {
  let why = NO_BLOB
  for (const { digest, size } of blobs) {
    if (bad.has(digest)) continue
    const fresh = await unpackBlob(check, diffId, digest, size)
    if (typeof fresh === 'object') return fresh
    why = fresh ?? why
  }
  return why
}

/** Why that cannot be; `undefined` where the blob is not there. */
async function unpackBlob(
  check: Check,
  diffId: Digest,
  digest: Digest,
  size: number,
): Promise<FreshLayer | string | undefined> {
  try {
    const fd = openIfThere(check.engine.stores, digest, size)
    return fd === undefined ? undefined : await unpack(check, diffId, fd)
  } catch (error) {
    return explain(error, digest)
  }
}

async function unpack(check: Check, diffId: Digest, fd: number): Promise<FreshLayer> {
  const archive = createReadStream('', { fd, highWaterMark: 1024 * 1024 })
  try {
    const draft = await unpackDraft(check.engine, diffId, archive)
    return await finish(check, draft).catch(async (error: unknown) => {
      await removeTrees(check.namespace, [draft])
      throw error
    })
  } finally {
    archive.destroy()
  }
}

async function finish(check: Check, draft: string): Promise<FreshLayer> {
  const [tree] = await digestTrees(check.namespace, [join(draft, 'fs')])
  if (!tree || 'message' in tree) {
    throw new LighterError('native', `a new tree cannot be read: ${tree?.message ?? ''}`)
  }
  writeTreeDigest(draft, tree.digest)
  return { draft, digest: tree.digest }
}

function explain(error: unknown, digest: Digest): string {
  if (!(error instanceof LighterError || isSystemError(error))) throw error
  const isBlobs =
    error instanceof LighterError && ['bad-input', 'digest-mismatch'].includes(error.code)
  return isBlobs ? `its blob ${digest} is damaged` : error.message
}

function openIfThere(stores: ImageStores, digest: Digest, size: number): number | undefined {
  try {
    return hasBlobAnywhere(stores, digest, size) ? openBlob(stores, digest, size) : undefined
  } catch (error) {
    // Somebody removed it just now.
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}
