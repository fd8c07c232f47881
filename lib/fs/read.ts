import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
} from 'node:fs'
import { isErrno, LighterError } from '../core/errors.ts'

/** A pipe that somebody put in the place of a file would keep whoever opens it waiting; so it is one without content. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK

/** Reads a whole file of at most `limit` bytes; `undefined` when it does not exist, none of what is a directory. */
export function readSmallFile(path: string, limit: number): Buffer | undefined {
  let fd: number
  try {
    fd = openSync(path, READ)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
  try {
    const stats = fstatSync(fd)
    // Some filesystems give directories a size.
    const size = stats.isDirectory() ? 0 : stats.size
    if (size > limit)
      throw new LighterError('state-format', `${path} is larger than ${limit} bytes`)
    const bytes = Buffer.alloc(size)
    let done = 0
    while (done < size) {
      const count = readSync(fd, bytes, done, size - done, done)
      if (count === 0) break
      done += count
    }
    return bytes.subarray(0, done)
  } finally {
    closeSync(fd)
  }
}

/**
 * The text of a file of ours, at most `limit` characters; `undefined` when it does not exist. `ps` reads thousands: here an exception
 * for each that is not there costs 16 µs more than the look before, and reading by bytes 20 more than this.
 */
export function readSmallText(path: string, limit: number): string | undefined {
  if (!existsSync(path)) return undefined
  let text: string
  try {
    text = readFileSync(path, { encoding: 'utf8', flag: READ })
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
  if (text.length > limit)
    throw new LighterError('state-format', `${path} is larger than ${limit} characters`)
  return text
}

/** Parses JSON; `undefined` for what is none. */
export function parseJson(content: string | Uint8Array | undefined): unknown {
  if (content === undefined) return undefined
  try {
    return JSON.parse(typeof content === 'string' ? content : Buffer.from(content).toString('utf8'))
  } catch {
    return undefined
  }
}
