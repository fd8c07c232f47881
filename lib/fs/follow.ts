import {
  type BigIntStats,
  closeSync,
  type FSWatcher,
  fstatSync,
  openSync,
  readSync,
  watch,
} from 'node:fs'
import { isErrno } from '../core/errors.ts'

/** Some file systems report no changes; then this is the delay, in milliseconds. */
const POLL = 500
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

/** Tells when something in a directory changed. */
export class Changes implements Disposable {
  readonly #watcher: FSWatcher | undefined
  #changed = false
  #wake: () => void = () => undefined

  constructor(directory: string) {
    try {
      this.#watcher = watch(directory, () => {
        this.wake()
      })
      this.#watcher.on('error', () => undefined)
    } catch {
      // No watches left, or the directory is gone: the delay decides.
      this.#watcher = undefined
    }
  }

  /** Resolves at a change since the last call, at the latest after so many milliseconds, or when it is time to look anyway. */
  async next(milliseconds = POLL): Promise<void> {
    if (!this.#changed) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(milliseconds, POLL))
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    this.#changed = false
  }

  /** Has `next` resolve now. */
  wake(): void {
    this.#changed = true
    this.#wake()
  }

  [Symbol.dispose](): void {
    this.#watcher?.close()
  }
}

/** Reads whole lines of a file that others write to; what is written later comes with the next call. */
export class GrowingFile {
  readonly #fd: number
  #position: number
  #rest = Buffer.alloc(0)

  constructor(fd: number, position = 0) {
    this.#fd = fd
    this.#position = position
  }

  close(): void {
    closeSync(this.#fd)
  }

  /** As it is now. */
  status(): BigIntStats {
    return fstatSync(this.#fd, { bigint: true })
  }

  skipToEnd(): void {
    this.#position = fstatSync(this.#fd).size
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

  /** Empty lines are left out. */
  *lines(): Generator<string> {
    this.#followTruncation()
    const chunk = Buffer.alloc(CHUNK)
    for (;;) {
      const count = readSync(this.#fd, chunk, 0, CHUNK, this.#position)
      if (count === 0) return
      this.#position += count
      const bytes = Buffer.concat([this.#rest, chunk.subarray(0, count)])
      const end = bytes.lastIndexOf(NEWLINE) + 1
      this.#rest = Buffer.from(bytes.subarray(end))
      for (const line of bytes.subarray(0, end).toString('utf8').split('\n'))
        if (line !== '') yield line
    }
  }

  /** Whoever writes may have emptied it. */
  #followTruncation(): void {
    if (fstatSync(this.#fd).size >= this.#position) return
    this.#position = 0
    this.#rest = Buffer.alloc(0)
  }
}
