import { execFile } from 'node:child_process'
import { createReadStream, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, type Readable } from 'node:stream'
import { promisify } from 'node:util'
import { LighterError } from '../core/errors.ts'
import { type Digest, shortId } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { makeDraft } from '../fs/drafts.ts'
import { ownIdentity } from '../host/process.ts'
import type { Descriptor } from '../oci/image.ts'
import type { Repository } from '../registry/registry.ts'
import { applyLayer, removeTrees } from '../runtime/userns.ts'
import { blobPath, hasBlob } from '../store/blobs.ts'
import { hasLayer, publishLayer, writeLayerRecord } from '../store/layers.ts'
import { downloadBlob, withClaim } from './download.ts'
import { isSquashed } from './layer-kind.ts'
import type { OnProgress } from './progress.ts'

export interface LayerJob {
  blob: Descriptor
  diffId: Digest
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
  await withClaim(data, blob, signal, async () => {
    if (hasBlob(data, blob.digest, blob.size)) {
      await unpackStored(engine, job, signal)
    } else {
      const bytes = new PassThrough({ highWaterMark: 1024 * 1024 })
      const download = downloadBlob({
        data,
        repository,
        blob,
        sink: bytes,
        signal,
        onBytes: (current) =>
          onProgress({ type: 'layer', id, status: 'Downloading', current, total: blob.size }),
        onRetry: () => onProgress({ type: 'layer', id, status: 'Retrying' }),
      }).then(
        () => onProgress({ type: 'layer', id, status: 'Download complete' }),
        (error) => {
          bytes.destroy(error instanceof Error ? error : undefined)
          throw error
        },
      )
      await both(download, unpackBeside(engine, job, bytes, download, signal))
    }
  })
  onProgress({ type: 'layer', id, status: 'Pull complete' })
}

/** Unpacks a layer whose blob is in the store already. */
export async function unpackStored(
  engine: Engine,
  job: LayerJob,
  signal?: AbortSignal,
): Promise<void> {
  const { data } = engine.paths
  if (hasLayer(data, job.diffId, isSquashed(engine))) return
  const archive = createReadStream(blobPath(data, job.blob.digest), { highWaterMark: 1024 * 1024 })
  await unpackBeside(engine, job, archive, Promise.resolve(), signal)
}

/** The tree gets its name only when both digests, of the blob and of the archive in it, are right. */
async function unpackBeside(
  engine: Engine,
  { diffId }: LayerJob,
  archive: Readable,
  verified: Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const { data } = engine.paths
  const squashed = isSquashed(engine)
  if (hasLayer(data, diffId, squashed)) {
    archive.resume()
    return
  }
  const namespace = { program: engine.native().program, idMap: engine.idMap() }
  const draft = makeDraft(data, ownIdentity())
  const tree = join(draft, 'fs')
  let published = false
  try {
    mkdirSync(tree, { mode: 0o755 })
    const applied = await applyLayer(namespace, tree, archive, signal)
    archive.resume()
    await verified
    if (applied.diffId !== diffId) {
      throw new LighterError(
        'digest-mismatch',
        `layer verification failed: its content is ${applied.diffId}, not ${diffId}`,
      )
    }
    writeLayerRecord(draft, { ...applied, squashed })
    await syncFileSystem(draft)
    published = publishLayer(data, draft, diffId, squashed)
  } finally {
    if (!published) await removeTrees(namespace, [draft]).catch(() => undefined)
  }
}

/** Node has no syncfs(2): the program that every host has does it. */
async function syncFileSystem(path: string): Promise<void> {
  await promisify(execFile)('sync', ['-f', path])
}

/** Both must end before anybody goes on; the download's error explains the other's. */
async function both(first: Promise<void>, second: Promise<void>): Promise<void> {
  const results = await Promise.allSettled([first, second])
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
