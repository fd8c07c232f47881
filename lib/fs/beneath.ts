import {
  closeSync,
  constants,
  createReadStream,
  fstatSync,
  openSync,
  type ReadStream,
  readdirSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs'
import { dirname, normalize } from 'node:path'

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants

/**
 * Opens what a directory has below it without following a link: for directories that others write to. `undefined` when it cannot be
 * reached so, or is neither a file nor a directory. The descriptor is the caller's.
 */
export function openBeneath(root: string, names: readonly string[]): number | undefined {
  let fd: number | undefined
  try {
    fd = openSync(root, O_RDONLY | O_DIRECTORY)
    for (const name of names) {
      const above = fd
      // A name of one's own making: no separator, no dots. What is no directory has nothing below it.
      fd = openSync(`/proc/self/fd/${above}/${name}`, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
      closeSync(above)
    }
    const stat = fstatSync(fd)
    if (stat.isFile() || stat.isDirectory()) return fd
    closeSync(fd)
    return undefined
  } catch {
    // Gone, not ours to read, a link, a stale handle: all the same, it is not there for us.
    if (fd !== undefined) closeSync(fd)
    return undefined
  }
}

/** As `openBeneath`, for as long as `use` runs. What the kernel refuses in it counts as not being there, too. */
export function useBeneath<T>(
  root: string,
  names: readonly string[],
  use: (fd: number, stat: Stats) => T | undefined,
): T | undefined {
  const fd = openBeneath(root, names)
  if (fd === undefined) return undefined
  try {
    return use(fd, fstatSync(fd))
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return undefined
    throw error
  } finally {
    closeSync(fd)
  }
}

/** A small file below a directory; `undefined` when it is not there or larger. */
export const readBeneath = (
  root: string,
  names: readonly string[],
  limit: number,
): Buffer | undefined =>
  useBeneath(root, names, (fd, stat) => {
    if (!stat.isFile() || stat.size > limit) return undefined
    const bytes = Buffer.alloc(stat.size)
    let done = 0
    while (done < bytes.length) {
      const count = readSync(fd, bytes, done, bytes.length - done, done)
      if (count === 0) break
      done += count
    }
    return bytes.subarray(0, done)
  })

/** The names in a directory below another; none when it is not there. */
export const listBeneath = (root: string, names: readonly string[]): string[] =>
  useBeneath(root, names, (fd) => readdirSync(`/proc/self/fd/${fd}`)) ?? []

/** A stream of an open file, which it closes at its end. `end` is the last byte, as everywhere in Node. */
export const streamOf = (
  fd: number,
  options: { start?: number; end?: number; highWaterMark?: number } = {},
): ReadStream => createReadStream('', { start: 0, ...options, fd, autoClose: true })

const STICKY = 0o1000
const WRITABLE = 0o022

/** Whether nobody but this user and root can put something else in the place of a directory, by its name or by one above it. */
export function isOutOfReach(path: string): boolean {
  try {
    for (let directory = realpathSync(path); ; directory = dirname(directory)) {
      const { uid, mode } = statSync(directory)
      if (uid !== 0 && uid !== process.getuid?.()) return false
      if ((mode & WRITABLE) !== 0 && (mode & STICKY) === 0) return false
      if (directory === '/') return realpathSync(path) === normalize(path).replace(/(.)\/$/, '$1')
    }
  } catch {
    return false
  }
}
