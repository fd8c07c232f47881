import { createHash, type Hash } from 'node:crypto'
import { once } from 'node:events'
import {
  closeSync,
  createReadStream,
  fstatSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { LighterError } from '../core/errors.ts'
import { type Digest, digestHex } from '../core/ids.ts'
import { makeDirectory, spaceError, writeAll } from '../fs/replace.ts'
import type { Descriptor } from '../oci/image.ts'
import { isTimeout } from '../registry/exchange.ts'
import { pause, unreachable } from '../registry/http.ts'
import type { Repository } from '../registry/registry.ts'
import { blobPath } from '../store/blobs.ts'
import { letReadersIn } from '../store/readers.ts'

/** Attempts in a row that bring nothing worth the name; a registry that falls silent costs a long wait each time. */
const ATTEMPTS = 5
const SILENT_ATTEMPTS = 3
/** An answer that came to its end says that there is no more: asked again, it will not be more often. */
const SHORT_ATTEMPTS = 2
const PROGRESS = 64 * 1024

export interface Download {
  data: string
  repository: Repository
  blob: Descriptor
  /** Gets the bytes as they arrive; that it closes early does not stop the download. */
  sink: Writable
  signal: AbortSignal
  /** Asked for from its first byte at each attempt: parts that were put together turned out to be wrong. */
  whole: boolean
  onBytes(current: number): void
  /** All bytes are there; what follows is the digest. */
  onReceived(): void
  onRetry(): void
}

interface Partial {
  fd: number
  path: string
  hash: Hash
  offset: number
  /** Which place of the repository sent the last of it. */
  place: number
}

const partialPath = (data: string, digest: Digest): string =>
  join(data, 'downloads', `${digestHex(digest)}.partial`)

/** How much of a blob is here that an earlier command left, or another one fetches now. */
export const partialSize = (data: string, digest: Digest): number =>
  statSync(partialPath(data, digest), { throwIfNoEntry: false })?.size ?? 0

/**
 * Fetches a blob into the store, going on where an earlier command was interrupted, and from another place of the repository where
 * one fails. Throws `registry-…`, `no-space`; `digest-mismatch` for other bytes than those that were promised, which are gone then.
 */
export async function downloadBlob(download: Download): Promise<void> {
  const { data, blob, sink } = download
  const partial = await openPartial(download)
  try {
    await receive(download, partial)
    download.onReceived()
    sink.end()
    if (partial.offset !== blob.size || `sha256:${partial.hash.digest('hex')}` !== blob.digest) {
      rmSync(partial.path, { force: true })
      throw new LighterError(
        'digest-mismatch',
        `filesystem layer verification failed for digest ${blob.digest}`,
      )
    }
  } catch (error) {
    // A part that fills the disk keeps everybody from working; one that waits for the network does not. What has no rest to wait
    // for is none.
    const isAll = error instanceof LighterError && error.cause instanceof Short
    if (isNoSpace(error) || isAll || partial.offset === 0) rmSync(partial.path, { force: true })
    throw error
  } finally {
    closeSync(partial.fd)
  }
  makeDirectory(join(data, 'blobs', 'sha256'))
  // Not synced: its journal commit would hold up the unpacking beside it. A layer's mark of being synced vouches for its
  // blob too, and a blob that a power cut tore is found out when it is unpacked, and fetched again.
  renameSync(partial.path, blobPath(data, blob.digest))
  letReadersIn(blobPath(data, blob.digest))
}

const isNoSpace = (error: unknown): boolean =>
  error instanceof LighterError && error.code === 'no-space'

/** What is there already is read, hashed and passed on like what comes. */
async function openPartial(download: Download): Promise<Partial> {
  const { data, blob, sink, signal } = download
  makeDirectory(join(data, 'downloads'))
  const path = partialPath(data, blob.digest)
  const fd = openPartialFile(path)
  const partial = {
    ...{ fd, path, hash: createHash('sha256'), offset: 0 },
    place: download.repository.place,
  }
  try {
    const { size } = fstatSync(fd)
    if (size > blob.size) {
      ftruncateSync(fd, 0)
    } else if (size > 0) {
      for await (const chunk of createReadStream(path, { end: size - 1, signal })) {
        partial.hash.update(chunk)
        partial.offset += chunk.length
        await pass(sink, chunk)
      }
    }
    return partial
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

function openPartialFile(path: string): number {
  try {
    return openSync(path, 'a+', 0o600)
  } catch (error) {
    throw spaceError(error, path)
  }
}

async function receive(download: Download, partial: Partial): Promise<void> {
  const { blob, repository, signal } = download
  let attempt = 0
  while (partial.offset < blob.size) {
    const before = partial.offset
    try {
      await receiveOnce(download, partial)
      if (partial.offset < blob.size) throw new Short('unexpected EOF')
    } catch (error) {
      if (signal.aborted || error instanceof LighterError) throw error
      attempt = partial.offset - before >= PROGRESS ? 1 : attempt + 1
      const isLast = attempt >= attemptsFor(error)
      if (isLast && !repository.moveOn(partial.place)) {
        throw unreachable({ method: 'GET', url: repository.blobUrl(blob.digest) }, error)
      }
      if (isLast) attempt = 1
      download.onRetry()
      await pause(attempt, undefined, signal)
    }
  }
}

/** The answer came to its end before the blob did. */
class Short extends Error {}

function attemptsFor(error: unknown): number {
  if (error instanceof Short) return SHORT_ATTEMPTS
  return isTimeout(error) ? SILENT_ATTEMPTS : ATTEMPTS
}

async function receiveOnce(
  { repository, blob, sink, signal, whole, onBytes }: Download,
  partial: Partial,
) {
  const from = whole ? 0 : partial.offset
  const { offset, response, place } = await repository.openBlob(blob.digest, from, signal)
  partial.place = place
  let skip = partial.offset - offset
  for await (const received of response.body) {
    const chunk: Buffer = skip > 0 ? received.subarray(skip) : received
    skip = Math.max(0, skip - received.length)
    if (chunk.length === 0) continue
    if (partial.offset + chunk.length > blob.size) {
      rmSync(partial.path, { force: true })
      throw new LighterError('digest-mismatch', `${blob.digest} is longer than the manifest says`)
    }
    try {
      writeAll(partial.fd, chunk)
    } catch (error) {
      throw spaceError(error, partial.path)
    }
    partial.hash.update(chunk)
    partial.offset += chunk.length
    onBytes(partial.offset)
    await pass(sink, chunk)
  }
}

async function pass(sink: Writable, chunk: Buffer): Promise<void> {
  if (sink.destroyed || sink.write(chunk)) return
  const stop = new AbortController()
  const { signal } = stop
  await Promise.race([once(sink, 'drain', { signal }), once(sink, 'close', { signal })])
    .catch(() => undefined)
    .finally(() => stop.abort())
}
