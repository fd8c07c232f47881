import { closeSync, fstatSync, readSync } from 'node:fs'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { Origin } from './log-file.ts'
import { type LogRecord, parseLogLine } from './log-record.ts'

const CHUNK = 64 * 1024
const NEWLINE = 10

/** A file of the log that was compressed by native/src/log_rotate.c: nothing comes any more. */
export class GzipLog {
  readonly #fd: number
  /** Of this file, which keeps it under every name. */
  readonly inode: bigint
  /** Of the file that was compressed; `undefined` for what others compressed. */
  readonly origin: Origin | undefined
  #skip = 0
  #done = false

  constructor(fd: number) {
    this.#fd = fd
    this.inode = fstatSync(fd, { bigint: true }).ino
    this.origin = readOrigin(fd)
  }

  close(): void {
    closeSync(this.#fd)
  }

  /** Leaves out all but the last lines; returns how many it has not. */
  async skipToTail(lines: number): Promise<number> {
    let count = 0
    for await (const chunk of this.#bytes()) {
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) count++
    }
    this.#skip = Math.max(0, count - lines)
    return Math.max(0, lines - count)
  }

  async *read(): AsyncGenerator<LogRecord> {
    if (this.#done) return
    this.#done = true
    let rest = Buffer.alloc(0)
    let number = 0
    for await (const chunk of this.#bytes()) {
      const bytes = Buffer.concat([rest, chunk])
      const end = bytes.lastIndexOf(NEWLINE) + 1
      rest = Buffer.from(bytes.subarray(end))
      for (const line of bytes.subarray(0, end).toString('utf8').split('\n')) {
        if (line === '' || number++ < this.#skip) continue
        const record = parseLogLine(line)
        if (record) yield record
      }
    }
  }

  /** What is damaged ends where the damage begins, as a torn line of a plain file is left out. */
  async *#bytes(): AsyncGenerator<Buffer> {
    const plain = Readable.from(this.#compressed(), { objectMode: false }).pipe(createGunzip())
    try {
      for await (const chunk of plain) yield chunk as Buffer
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')))
        throw error
    }
  }

  *#compressed(): Generator<Buffer> {
    for (let position = 0; ; ) {
      const chunk = Buffer.alloc(CHUNK)
      const count = readSync(this.#fd, chunk, 0, CHUNK, position)
      if (count === 0) return
      position += count
      yield chunk.subarray(0, count)
    }
  }
}

/** Offsets in the header (RFC 1952), and the bit that says there is a field for others. */
const FLAGS = 3
const EXTRA = 10
const HAS_EXTRA = 4
const FIELD = Buffer.from([20, 0, 0x4c, 0x47, 16, 0])

function readOrigin(fd: number): Origin | undefined {
  const header = Buffer.alloc(EXTRA + FIELD.length + 16)
  const count = readSync(fd, header, 0, header.length, 0)
  const start = EXTRA + FIELD.length
  if (count < header.length || ((header[FLAGS] ?? 0) & HAS_EXTRA) === 0) return undefined
  if (!header.subarray(EXTRA, start).equals(FIELD)) return undefined
  return { inode: header.readBigUInt64LE(start), modified: header.readBigUInt64LE(start + 8) }
}
