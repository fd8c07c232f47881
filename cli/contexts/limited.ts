import { readSync } from 'node:fs'
import { isErrno, LighterError } from '../../lib/core/errors.ts'
import { errnoText } from '../../lib/fs/errno.ts'

/** What Docker reads of an archive or of a file in it, in bytes. */
export const MAX_BYTES = 10 * 1024 * 1024

const CHUNK = 64 * 1024

/**
 * What can be read at the position of a file or a pipe, up to `MAX_BYTES`; `isCut`: there is more. `path` is for the sentence of the
 * `usage` error for what cannot be read.
 */
export function readLimited(fd: number, path: string): { bytes: Buffer; isCut: boolean } {
  const chunks: Buffer[] = []
  for (let size = 0; ; ) {
    const chunk = Buffer.alloc(Math.min(CHUNK, MAX_BYTES + 1 - size))
    const count = chunk.length === 0 ? 0 : readSome(fd, chunk, path)
    if (count === 0) {
      const bytes = Buffer.concat(chunks)
      return { bytes: bytes.subarray(0, MAX_BYTES), isCut: size > MAX_BYTES }
    }
    size += count
    chunks.push(chunk.subarray(0, count))
  }
}

function readSome(fd: number, chunk: Buffer, path: string): number {
  for (;;) {
    try {
      return readSync(fd, chunk)
    } catch (error) {
      if (isErrno(error, 'EOF')) return 0
      if (!isErrno(error, 'EAGAIN')) {
        throw new LighterError('usage', `read ${path}: ${errnoText(error)}`, { cause: error })
      }
      // A pipe without anything in it yet that somebody who shares it made non-blocking.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  }
}

/** The error for what is larger. */
export const tooLarge = (): LighterError =>
  new LighterError('usage', 'read exceeds the defined limit')
