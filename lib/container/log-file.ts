import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { isErrno } from '../core/errors.ts'
import type { LogRecord } from './log-record.ts'
import { parseLogLine } from './log-record.ts'

const CHUNK = 64 * 1024
const NEWLINE = 10

/** `undefined`: there is no such file. */
export function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}

/** What a file that was compressed is known by: the two stay as they are once nothing is written to it. */
export interface Origin {
  inode: bigint
  /** Nanoseconds since 1970. */
  modified: bigint
}

/** Reads whole lines from an open log; what is written later comes with the next call. */
export class LogFile {
  readonly #fd: number
  #position = 0
  #rest = Buffer.alloc(0)

  constructor(fd: number) {
    this.#fd = fd
  }

  close(): void {
    closeSync(this.#fd)
  }

  /** As it is now. */
  get origin(): Origin {
    const { ino, mtimeNs } = fstatSync(this.#fd, { bigint: true })
    return { inode: ino, modified: mtimeNs }
  }

  /** Moves to the beginning of the last lines, reading from the end backwards; returns how many it has not. */
  skipToTail(lines: number): number {
    const { size } = fstatSync(this.#fd)
    const chunk = Buffer.alloc(CHUNK)
    let missing = lines + 1
    for (let end = size; end > 0; ) {
      const start = Math.max(0, end - CHUNK)
      const count = readSync(this.#fd, chunk, 0, end - start, start)
      for (let at = count - 1; at >= 0; at--) {
        if (chunk[at] === NEWLINE && --missing === 0) {
          this.#position = start + at + 1
          return 0
        }
      }
      end = start
    }
    // The beginning of the file begins a line too.
    return size > 0 ? missing - 1 : lines
  }

  /** With one file only, rotation empties it. */
  #followTruncation(): void {
    if (fstatSync(this.#fd).size >= this.#position) return
    this.#position = 0
    this.#rest = Buffer.alloc(0)
  }

  *read(): Generator<LogRecord> {
    this.#followTruncation()
    const chunk = Buffer.alloc(CHUNK)
    for (;;) {
      const count = readSync(this.#fd, chunk, 0, CHUNK, this.#position)
      if (count === 0) return
      this.#position += count
      const bytes = Buffer.concat([this.#rest, chunk.subarray(0, count)])
      const end = bytes.lastIndexOf(NEWLINE) + 1
      this.#rest = Buffer.from(bytes.subarray(end))
      for (const line of bytes.subarray(0, end).toString('utf8').split('\n')) {
        const record = parseLogLine(line)
        if (record) yield record
      }
    }
  }
}
