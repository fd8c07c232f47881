import { type BigIntStats, closeSync, fstatSync, readSync } from 'node:fs'
import { openIfThere } from '../fs/follow.ts'

/** Bytes that are looked through at a time. */
const CHUNK = 64 * 1024
/** Bytes that are read for one line, and kept for those behind it. */
const WINDOW = 16 * 1024
const NEWLINE = 10
const CLOSING_BRACE = 125
/** The longest end of a line that tells a time: `"timeNano":1700000000000000000}`. */
const TAIL = 31

/** Called with the time of a line, in nanoseconds since 1970, and where it begins. */
type Found = (time: bigint, start: number) => void

/** An open file of the journal. Others append to it. No more of it than a piece is ever held. */
export class JournalFile {
  readonly #fd: number
  /** Up to where its whole lines have been found. */
  #seen = 0
  #window = Buffer.alloc(0)
  #windowStart = 0

  private constructor(fd: number) {
    this.#fd = fd
  }

  /** `undefined`: there is no such file. */
  static open(path: string): JournalFile | undefined {
    const fd = openIfThere(path)
    return fd === undefined ? undefined : new JournalFile(fd)
  }

  close(): void {
    closeSync(this.#fd)
  }

  /** As it is now. */
  status(): BigIntStats {
    return fstatSync(this.#fd, { bigint: true })
  }

  skipToEnd(): void {
    this.#seen = fstatSync(this.#fd).size
  }

  /** Finds the lines that came since the last call. One that tells no time is passed over: a full disk or a power cut left it. */
  scan(found: Found): void {
    // Whoever writes may have emptied it.
    if (fstatSync(this.#fd).size < this.#seen) this.#seen = 0
    for (let chunk = Buffer.allocUnsafe(CHUNK); ; ) {
      const count = readSync(this.#fd, chunk, 0, chunk.length, this.#seen)
      const end = this.#scanChunk(chunk.subarray(0, count), found)
      this.#seen += end
      if (count < chunk.length) return
      if (end === 0) chunk = Buffer.allocUnsafe(2 * chunk.length)
    }
  }

  /** Returns up to where the lines are whole. */
  #scanChunk(chunk: Buffer, found: Found): number {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const time = timeOf(chunk, start, end)
      if (time !== undefined) found(time, this.#seen + start)
      start = end + 1
    }
    return start
  }

  /** The line that begins there, without its end. */
  line(start: number): string {
    for (let size = WINDOW; ; size *= 2) {
      const from = start - this.#windowStart
      if (from >= 0 && from < this.#window.length) {
        const end = this.#window.indexOf(NEWLINE, from)
        if (end >= 0) return this.#window.toString('utf8', from, end)
      }
      const isWhole = this.#readWindow(start, size)
      if (isWhole && !this.#window.includes(NEWLINE)) return this.#window.toString('utf8')
    }
  }

  /** Gives back what was kept for the lines behind the last one. */
  release(): void {
    this.#window = Buffer.alloc(0)
  }

  /** Returns whether there is nothing behind what was read. */
  #readWindow(start: number, size: number): boolean {
    const bytes = Buffer.allocUnsafeSlow(size)
    const count = readSync(this.#fd, bytes, 0, size, start)
    this.#window = bytes.subarray(0, count)
    this.#windowStart = start
    return count < size
  }
}

/** See `parseEvent`, which reads the whole line. */
function timeOf(chunk: Buffer, start: number, end: number): bigint | undefined {
  if (chunk[end - 1] !== CLOSING_BRACE) return undefined
  const tail = chunk.toString('latin1', Math.max(start, end - TAIL), end)
  const nano = /"timeNano":(\d{1,19})}$/.exec(tail)?.[1]
  return nano === undefined ? undefined : BigInt(nano)
}
