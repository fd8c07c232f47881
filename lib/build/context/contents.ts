import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  openSync,
  read,
  readSync,
} from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { promisify } from 'node:util'
import { lazyCrypto } from '../../core/lazy.ts'
import { inParallel } from '../../core/parallel.ts'
import { DockerfileError } from '../../dockerfile/errors.ts'
import { pathBytes, shownName } from '../../fs/byte-names.ts'
import {
  type DirectoryEntry,
  type DirectoryView,
  identityOf,
  PERMISSIONS,
  senderError,
} from './directory-view.ts'

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants

/** Larger files are read beside others. */
const LARGE = 512 * 1024
const STREAMS = 4
/** Milliseconds of reading, after which others have their turn: the progress is shown meanwhile. */
const TURN = 25
/** How often a file is read anew that changed while it was read. */
const ATTEMPTS = 3

/**
 * The digests of files, in hexadecimal, in their order; `onRead` is told how much was read. What a file is when it was read without a change is noted in its entry. Throws
 * `DockerfileError`, and `AbortError` soon after the signal.
 */
export async function digestFiles(
  view: DirectoryView,
  entries: readonly DirectoryEntry[],
  onRead: (bytes: number) => void,
  signal?: AbortSignal,
): Promise<string[]> {
  const digests: string[] = []
  const large: number[] = []
  const buffer = Buffer.allocUnsafe(LARGE + 1)
  let turn = performance.now()
  for (const [index, entry] of entries.entries()) {
    const isLarge = (entry.identity?.size ?? 0n) > LARGE
    const digest = isLarge ? undefined : readSmall(view, entry, buffer)
    if (digest === undefined) large.push(index)
    else {
      digests[index] = digest
      onRead(Number(entry.identity?.size ?? 0n))
    }
    if (performance.now() - turn < TURN) continue
    await nextTurn()
    stopWhenAborted(signal)
    turn = performance.now()
  }
  await inParallel(large, STREAMS, async (index) => {
    const entry = entries[index]
    if (entry) digests[index] = await readUnchanged(view, entry, onRead, signal)
  })
  return digests
}

/** At once, where it is as it was found. */
function readSmall(view: DirectoryView, entry: DirectoryEntry, buffer: Buffer): string | undefined {
  const path = view.hostPath(entry)
  const fd = openFile(path)
  try {
    const digest = digestSmall(fd, Number(entry.identity?.size), buffer)
    return isSame(entry, fstatSync(fd, { bigint: true })) ? digest : undefined
  } catch (error) {
    throw senderError('read', path, error)
  } finally {
    closeSync(fd)
  }
}

/** `undefined`: it has another size by now. */
function digestSmall(fd: number, size: number, buffer: Buffer): string | undefined {
  let done = 0
  while (done <= size) {
    const count = readSync(fd, buffer, done, size + 1 - done, done)
    done += count
    // Usually all there is comes at once; the size tells that this was the end.
    if (count === 0 || done === size) break
  }
  return done === size ? lazyCrypto().hash('sha256', buffer.subarray(0, size)) : undefined
}

/** What stops others is no mistake of the file that is being read. */
function stopWhenAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new DOMException('context canceled', 'AbortError')
}

/** `undefined`: it was told to stop. */
async function digestStream(
  fd: number,
  onRead: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const hash = lazyCrypto().createHash('sha256')
  const buffer = Buffer.allocUnsafe(1024 * 1024)
  for (let position = 0; !signal?.aborted; ) {
    const { bytesRead } = await readAt(fd, buffer, 0, buffer.length, position)
    if (bytesRead === 0) return hash.digest('hex')
    hash.update(buffer.subarray(0, bytesRead))
    position += bytesRead
    onRead(bytesRead)
  }
  return undefined
}

const readAt = promisify(read)

async function readUnchanged(
  view: DirectoryView,
  entry: DirectoryEntry,
  onRead: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<string> {
  const path = view.hostPath(entry)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    stopWhenAborted(signal)
    const fd = openFile(path)
    try {
      const digest = await digestStream(fd, onRead, signal)
      if (digest === undefined) continue
      const after = fstatSync(fd, { bigint: true })
      if (!after.isFile()) break
      if (isSame(entry, after)) return digest
      entry.identity = identityOf(after)
      entry.mode = Number(after.mode) & PERMISSIONS
    } catch (error) {
      throw senderError('read', path, error)
    } finally {
      closeSync(fd)
    }
  }
  stopWhenAborted(signal)
  throw new DockerfileError(`error from sender: ${shownName(path)} changes while it is read`)
}

function openFile(path: string): number {
  try {
    return openSync(pathBytes(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  } catch (error) {
    throw senderError('open', path, error)
  }
}

/** Whether an open file is the one that was found, as it was then. */
const isSame = ({ identity }: DirectoryEntry, now: BigIntStats): boolean =>
  identity?.ino === now.ino &&
  identity.dev === now.dev &&
  identity.size === now.size &&
  identity.mtime === now.mtimeNs &&
  identity.ctime === now.ctimeNs
