import { GrowingFile } from '../fs/follow.ts'
import type { LogRecord } from './log-record.ts'
import { parseLogLine } from './log-record.ts'

/** What a file that was compressed is known by: the two stay as they are once nothing is written to it. */
export interface Origin {
  inode: bigint
  /** Nanoseconds since 1970. */
  modified: bigint
}

/** Reads the records of an open log; what is written later comes with the next call. */
export class LogFile {
  readonly #file: GrowingFile

  constructor(fd: number) {
    this.#file = new GrowingFile(fd)
  }

  close(): void {
    this.#file.close()
  }

  /** As it is now. */
  get origin(): Origin {
    const { ino, mtimeNs } = this.#file.status()
    return { inode: ino, modified: mtimeNs }
  }

  /** Moves to the beginning of the last lines; returns how many it has not. */
  skipToTail(lines: number): number {
    return this.#file.skipToTail(lines)
  }

  *read(): Generator<LogRecord> {
    for (const line of this.#file.lines()) {
      const record = parseLogLine(line)
      if (record) yield record
    }
  }
}
