import { createHash, type Hash } from 'node:crypto'
import { once } from 'node:events'
import {
  closeSync,
  createReadStream,
  fstatSync,
  fsync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { isErrno, LighterError } from '../core/errors.ts'
import { digestHex } from '../core/ids.ts'
import { parseJson } from '../fs/read.ts'
import { claimFile, spaceError, syncDirectory, writeAll } from '../fs/replace.ts'
import { isAlive, ownIdentity, type ProcessIdentity } from '../host/process.ts'
import type { Descriptor } from '../oci/image.ts'
import { pause, unreachable } from '../registry/http.ts'
import type { Repository } from '../registry/registry.ts'
import { blobPath } from '../store/blobs.ts'

const ATTEMPTS = 5
const POLL = 200

export interface Download {
  data: string
  repository: Repository
  blob: Descriptor
  /** Gets the bytes as they arrive; that it closes early does not stop the download. */
  sink: Writable
  signal: AbortSignal
  onBytes(current: number): void
  onRetry(): void
}

interface Partial {
  fd: number
  path: string
  hash: Hash
  offset: number
}

/** Fetches a blob into the store, going on where an earlier command was interrupted. */
export async function downloadBlob(download: Download): Promise<void> {
  const { data, blob, sink } = download
  const partial = await openPartial(download)
  let whole = false
  try {
    await receive(download, partial)
    sink.end()
    if (partial.offset !== blob.size || `sha256:${partial.hash.digest('hex')}` !== blob.digest) {
      rmSync(partial.path, { force: true })
      throw new LighterError(
        'digest-mismatch',
        `filesystem layer verification failed for digest ${blob.digest}`,
      )
    }
    whole = true
    await promisify(fsync)(partial.fd)
  } catch (error) {
    throw whole ? spaceError(error, partial.path) : error
  } finally {
    closeSync(partial.fd)
  }
  renameSync(partial.path, blobPath(data, blob.digest))
  syncDirectory(join(data, 'blobs', 'sha256'))
}

/** What is there already is read, hashed and passed on like what comes. */
async function openPartial({ data, blob, sink, signal }: Download): Promise<Partial> {
  mkdirSync(join(data, 'downloads'), { recursive: true, mode: 0o700 })
  const path = join(data, 'downloads', `${digestHex(blob.digest)}.partial`)
  const fd = openSync(path, 'a+', 0o600)
  const partial = { fd, path, hash: createHash('sha256'), offset: 0 }
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

async function receive(download: Download, partial: Partial): Promise<void> {
  const { blob, signal } = download
  let attempt = 0
  while (partial.offset < blob.size) {
    const before = partial.offset
    try {
      await receiveOnce(download, partial)
      if (partial.offset < blob.size) throw new Error('unexpected EOF')
    } catch (error) {
      if (signal.aborted || error instanceof LighterError) throw error
      attempt = partial.offset > before ? 1 : attempt + 1
      if (attempt >= ATTEMPTS) {
        const url = new URL(`blob:/${blob.digest}`)
        throw unreachable({ method: 'GET', url }, error)
      }
      download.onRetry()
      await pause(attempt, undefined, signal)
    }
  }
}

async function receiveOnce(
  { repository, blob, sink, signal, onBytes }: Download,
  partial: Partial,
) {
  const { offset, response } = await repository.openBlob(blob.digest, partial.offset, signal)
  if (offset > partial.offset) {
    response.body.destroy()
    throw new LighterError('registry-protocol', `The registry skipped a part of ${blob.digest}`)
  }
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

/**
 * Runs `work` as the only process that fetches this blob; waits while another live one does. The claim of a dead
 * process is taken over.
 */
export async function withClaim(
  data: string,
  blob: Descriptor,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  mkdirSync(join(data, 'downloads'), { recursive: true, mode: 0o700 })
  const path = join(data, 'downloads', `${digestHex(blob.digest)}.owner`)
  const text = JSON.stringify(ownIdentity())
  while (!claimFile(path, text)) {
    const owner = readOwner(path)
    if (owner && isAlive(owner)) await sleep(POLL, undefined, { signal })
    else takeOver(path)
  }
  try {
    await work()
  } finally {
    rmSync(path, { force: true })
  }
}

/** Renamed first: of several that find the owner dead, one removes the claim, and never a newer one's. */
function takeOver(path: string): void {
  const aside = `${path}.${process.pid}.stale`
  try {
    renameSync(path, aside)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return
    throw error
  }
  const moved = readOwner(aside)
  if (moved && isAlive(moved)) claimFile(path, JSON.stringify(moved))
  rmSync(aside, { force: true })
}

function readOwner(path: string): ProcessIdentity | undefined {
  try {
    const value = parseJson(readFileSync(path)) as ProcessIdentity | undefined
    return typeof value?.pid === 'number' ? value : undefined
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}
