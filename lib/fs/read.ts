import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { isErrno, LighterError } from '../core/errors.ts'

/** Reads a whole file of at most `limit` bytes; `undefined` when it does not exist. */
export function readSmallFile(path: string, limit: number): Buffer | undefined {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
  try {
    const { size } = fstatSync(fd)
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

/** Parses JSON; `undefined` for what is none. */
export function parseJson(bytes: Uint8Array | undefined): unknown {
  if (!bytes) return undefined
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return undefined
  }
}
