import { createReadStream, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, type Readable } from 'node:stream'
import { isSystemError, LighterError, systemErrorReason } from '../core/errors.ts'
import { type Digest, digestHex, shortId } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { makeDraft } from '../fs/drafts.ts'
import { ownIdentity } from '../host/process.ts'
import type { Descriptor } from '../oci/image.ts'
import type { Repository } from '../registry/registry.ts'
import { applyLayer, removeTrees, syncLayers } from '../runtime/userns.ts'
import { blobPath, hasBlob, isBlobWhole } from '../store/blobs.ts'
import { layerPath, publishLayer, quarantineLayer, writeLayerRecord } from '../store/layers.ts'
import { hasBlobAnywhere, hasLayerAnywhere, openBlob } from '../store/shared.ts'
import { checkedStream } from './checked-stream.ts'
import { withClaim } from './claim.ts'
import { downloadBlob, partialSize } from './download.ts'
import { isSquashed } from './layer-kind.ts'
import type { OnProgress } from './progress.ts'

export interface LayerJob {
  blob: Descriptor
  diffId: Digest
  /** Told the directory of a new layer, which is then the caller's to have synced; without it that begins at once. */
  onPublished?(directory: string): void
}

/** Makes a layer be there, blob and tree: the bytes are unpacked while they arrive. */
export async function ensureLayer(
  engine: Engine,
  repository: Repository,
  job: LayerJob,
  signal: AbortSignal,
  onProgress: OnProgress,
): Promise<void> {
  const { data } = engine.paths
  const { blob } = job
  const id = shortId(blob.digest)
  const onWait = tellWaiting(data, blob, onProgress)
  await withClaim(data, blob.digest, { signal, onWait }, async () => {
    if (hasBlobAnywhere(engine.stores, blob.digest, blob.size)) {
      const done = await unpackGood(engine, job, signal)
      if (done) return
    }
    await fetchGood(engine, repository, job, signal, onProgress)
  })
  onProgress({ type: 'layer', id, status: 'Pull complete' })
}

/** Tells of a layer that another command fetches: that it is waited for, then how far that one is. */
function tellWaiting(data: string, blob: Descriptor, onProgress: OnProgress): () => void {
  const id = shortId(blob.digest)
  let told = false
  return () => {
    if (!told) onProgress({ type: 'layer', id, status: 'Waiting' })
    told = true
    const current = partialSize(data, blob.digest)
    if (current > 0)
      onProgress({ type: 'layer', id, status: 'Downloading', current, total: blob.size })
  }
}

/**
 * Fetches a layer and, when its bytes are not those of the digest, again: what was put together from parts once more as a whole,
 * since a part of an earlier command or a server's idea of ranges may be what is wrong; what came as a whole from another place.
 */
async function fetchGood(
  engine: Engine,
  repository: Repository,
  job: LayerJob,
  signal: AbortSignal,
  onProgress: OnProgress,
): Promise<void> {
  const { digest, size } = job.blob
  const id = shortId(digest)
  for (let whole = false; ; ) {
    let pieced = partialSize(engine.paths.data, digest) > 0
    const { place } = repository
    const watch: OnProgress = (event) => {
      if (event.type === 'layer' && event.status === 'Retrying') pieced = true
      onProgress(event)
    }
    try {
      return await fetchLayer(engine, repository, job, { whole, signal, onProgress: watch })
    } catch (error) {
      // A blob that is what its digest says would be no other the next time.
      if (!isMismatch(error) || hasBlob(engine.paths.data, digest, size)) throw error
      const again: boolean = pieced && !whole
      if (!again && !repository.moveOn(place)) throw error
      whole = again
      onProgress({ type: 'layer', id, status: 'Retrying' })
    }
  }
}

async function fetchLayer(
  engine: Engine,
  repository: Repository,
  job: LayerJob,
  { whole, signal, onProgress }: { whole: boolean; signal: AbortSignal; onProgress: OnProgress },
): Promise<void> {
  const { blob } = job
  const id = shortId(blob.digest)
  const bytes = new PassThrough({ highWaterMark: 1024 * 1024 })
  const download = downloadBlob({
    data: engine.paths.data,
    repository,
    blob,
    sink: bytes,
    signal,
    whole,
    onBytes: (current) =>
      onProgress({ type: 'layer', id, status: 'Downloading', current, total: blob.size }),
    onReceived: () => onProgress({ type: 'layer', id, status: 'Verifying Checksum' }),
    onRetry: () => onProgress({ type: 'layer', id, status: 'Retrying' }),
  }).then(
    () => onProgress({ type: 'layer', id, status: 'Download complete' }),
    (error) => {
      bytes.destroy(error instanceof Error ? error : undefined)
      throw error
    },
  )
  const unpacked = unpackBeside(engine, job, bytes, download, signal).catch((error: unknown) => {
    // Nobody reads on: the download must not wait for it.
    bytes.destroy()
    throw error
  })
  await both(download, unpacked)
}

const isMismatch = (error: unknown): boolean =>
  error instanceof LighterError && error.code === 'digest-mismatch'

/**
 * Unpacks a stored blob; `false` when its bytes turn out to be damaged: the blob is thrown away then. Bytes are only
 * doubted when unpacking failed, so that a good blob is not read twice.
 */
export async function unpackGood(
  engine: Engine,
  job: LayerJob,
  signal?: AbortSignal,
): Promise<boolean> {
  const { data } = engine.paths
  const { digest, size } = job.blob
  if (!hasBlob(data, digest, size)) return await unpackShared(engine, job, signal)
  try {
    await unpackStored(engine, job, signal)
    return true
  } catch (error) {
    if (signal?.aborted || (await isWholeOrUnreadable(data, digest))) throw error
    rmSync(blobPath(data, digest), { force: true })
    return false
  }
}

/** What cannot be read now may be whole: it is nobody's to throw away. Throws with its name. */
async function isWholeOrUnreadable(data: string, digest: Digest): Promise<boolean> {
  try {
    return await isBlobWhole(data, digest)
  } catch (error) {
    if (!isSystemError(error)) throw error
    const reason = systemErrorReason(error)
    throw new LighterError('damaged-image', `the blob ${digest} cannot be read: ${reason}`, {
      cause: error,
    })
  }
}

/** As `unpackGood`, for a blob that only a store of others has: its bytes are checked on the way, and stay what they are. */
async function unpackShared(engine: Engine, job: LayerJob, signal?: AbortSignal): Promise<boolean> {
  const { digest, size } = job.blob
  if (hasLayerAnywhere(engine.stores, job.diffId, isSquashed(engine))) return true
  const { bytes, verified } = checkedStream(openBlob(engine.stores, digest, size), job.blob)
  const unpacked = unpackBeside(engine, job, bytes, verified, signal).catch((error) => {
    bytes.destroy()
    throw error
  })
  try {
    await both(verified, unpacked)
    return true
  } catch (error) {
    if (signal?.aborted || !isMismatch(error)) throw error
    return false
  }
}

/** Unpacks a layer whose blob is in the store already. */
async function unpackStored(engine: Engine, job: LayerJob, signal?: AbortSignal): Promise<void> {
  const { data } = engine.paths
  if (hasLayerAnywhere(engine.stores, job.diffId, isSquashed(engine))) return
  const archive = createReadStream(blobPath(data, job.blob.digest), { highWaterMark: 1024 * 1024 })
  await unpackBeside(engine, job, archive, Promise.resolve(), signal)
}

/** The tree gets its name only when both digests, of the blob and of the archive in it, are right. */
async function unpackBeside(
  engine: Engine,
  { diffId, onPublished }: LayerJob,
  archive: Readable,
  verified: Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  // Where nobody reads, or has read to the end, an error would end the program: it is told by `verified`.
  archive.on('error', () => undefined)
  if (hasLayerAnywhere(engine.stores, diffId, isSquashed(engine))) {
    archive.resume()
    return
  }
  const draft = await unpackDraft(engine, diffId, archive, { verified, signal })
  await publishDraft(engine, draft, diffId, onPublished)
}

/**
 * Unpacks a layer into a draft of its own, which it returns: whole, with its record, but without its name. Throws
 * `digest-mismatch`, and what the archive has wrong.
 */
export async function unpackDraft(
  engine: Engine,
  diffId: Digest,
  archive: Readable,
  { verified, signal }: { verified?: Promise<void>; signal?: AbortSignal | undefined } = {},
): Promise<string> {
  await clearDamaged(engine, diffId)
  const namespace = { program: engine.native().program, idMap: engine.idMap() }
  const draft = makeDraft(engine.paths.data, ownIdentity(), false, digestHex(diffId))
  let whole = false
  try {
    const applied = await applyLayer(namespace, join(draft, 'fs'), archive, signal).catch(
      explainRange,
    )
    archive.resume()
    await verified
    if (applied.diffId !== diffId) {
      throw new LighterError(
        'digest-mismatch',
        `layer verification failed: its content is ${applied.diffId}, not ${diffId}`,
      )
    }
    writeLayerRecord(draft, { ...applied, squashed: isSquashed(engine) })
    whole = true
    return draft
  } finally {
    if (!whole) await removeTrees(namespace, [draft]).catch(() => undefined)
  }
}

/** Gives an unpacked layer its name; where another process was first, the draft goes. */
export async function publishDraft(
  engine: Engine,
  draft: string,
  diffId: Digest,
  onPublished?: (directory: string) => void,
): Promise<void> {
  const { data } = engine.paths
  const squashed = isSquashed(engine)
  const namespace = { program: engine.native().program, idMap: engine.idMap() }
  let published = false
  try {
    published = publishLayer(data, draft, diffId, squashed)
    if (!published) return
    const directory = layerPath(data, diffId, squashed)
    if (onPublished) onPublished(directory)
    else syncLayers(namespace, [directory])
  } finally {
    if (!published) await removeTrees(namespace, [draft]).catch(() => undefined)
  }
}

/** More than any image that was seen needs. */
const MANY_IDS = 1024 * 1024

async function explainRange(error: unknown): Promise<never> {
  if (!(error instanceof LighterError && error.code === 'id-range')) throw error
  const { moreIds } = await import('../host/checks.ts')
  throw new LighterError('host-setup', error.message, {
    cause: error,
    hint: `/etc/subuid and /etc/subgid say what is yours; this gives you more: ${moreIds(MANY_IDS)}`,
  })
}

/** Takes a layer that has a name and is not whole out of the way. */
export async function clearDamaged(engine: Engine, diffId: Digest): Promise<void> {
  const { data } = engine.paths
  const squashed = isSquashed(engine)
  if (!existsSync(layerPath(data, diffId, squashed))) return
  const aside = makeDraft(data, ownIdentity())
  quarantineLayer(data, diffId, squashed, aside)
  const namespace = { program: engine.native().program, idMap: engine.idMap() }
  await removeTrees(namespace, [aside]).catch(() => undefined)
}

/** Both must end before anybody goes on; the download's error explains the other's. */
async function both(first: Promise<void>, second: Promise<void>): Promise<void> {
  const results = await Promise.allSettled([first, second])
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
