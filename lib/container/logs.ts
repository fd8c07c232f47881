import { closeSync, fstatSync, openSync, readSync, statSync, watch } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isErrno } from '../core/errors.ts'
import type { Container } from './catalog.ts'
import { isLive, readState } from './state.ts'

export interface LogRecord {
  stream: 'stdout' | 'stderr'
  text: string
  time: string
  /** What the log driver's options chose of labels and environment, and the tag. */
  attributes: Readonly<Record<string, string>>
}

export interface LogOptions {
  follow: boolean
  /** Nanoseconds since 1970. */
  since: bigint | undefined
  until: bigint | undefined
  /** How many lines from the end; `undefined` is all. */
  tail: number | undefined
}

const CHUNK = 64 * 1024
const NEWLINE = 10
/** Some file systems report no changes: then this is the delay. */
const POLL = 500

/** The log of a container; with `follow` until the container has ended and everything is read. */
export async function* readLogs(
  container: Container,
  options: LogOptions,
): AsyncGenerator<LogRecord> {
  const path = join(container.directory, 'container.log')
  const readers = openLogs(path)
  try {
    if (options.tail !== undefined) skipToTail(readers, options.tail)
    for (;;) {
      // The state is asked first: what was written before the end is then certainly in the file.
      const running = isLive(readState(container.directory))
      for (const reader of readers) {
        for (const record of reader.read()) {
          if (options.until !== undefined && nanoseconds(record) > options.until) return
          if (options.since === undefined || nanoseconds(record) >= options.since) yield record
        }
      }
      const rotated = openNewer(path, readers)
      if (rotated) continue
      if (!options.follow || !running) return
      await changed(path)
    }
  } finally {
    for (const reader of readers) reader.close()
  }
}

function nanoseconds({ time }: LogRecord): bigint {
  const [, seconds = '', fraction = ''] = /^([^.Z]+)(?:\.(\d{1,9}))?Z$/.exec(time) ?? []
  const parsed = Date.parse(`${seconds}Z`)
  // What is no time of ours is as old as can be.
  if (Number.isNaN(parsed)) return 0n
  return BigInt(parsed) * 1_000_000n + BigInt(fraction.padEnd(9, '0'))
}

/** The files of the log, the oldest first: `container.log.2`, `container.log.1`, `container.log`. */
function openLogs(path: string): LogReader[] {
  const readers: LogReader[] = []
  for (let number = 0; ; number++) {
    const reader = openLog(nameOf(path, number))
    if (!reader) return readers.reverse()
    // Rotated since the one before was opened: it is the same file under its next name.
    if (readers.at(-1)?.inode === reader.inode) reader.close()
    else readers.push(reader)
  }
}

const nameOf = (path: string, number: number): string => (number === 0 ? path : `${path}.${number}`)

function openLog(path: string): LogReader | undefined {
  try {
    return new LogReader(openSync(path, 'r'))
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}

/**
 * Goes on to the files that were begun since. Of those read so far only the last is kept: what was written to it before
 * the rotation is still to be read. Returns whether there is something new.
 */
function openNewer(path: string, readers: LogReader[]): boolean {
  const last = readers.at(-1)
  if (last && statSync(path, { throwIfNoEntry: false })?.ino === last.inode) return false
  const newer = openLogs(path)
  const known = last ? newer.findIndex(({ inode }) => inode === last.inode) : -1
  for (const reader of newer.splice(0, known + 1)) reader.close()
  if (newer.length === 0) return false
  const kept = readers.splice(0)
  const end = kept.pop()
  for (const reader of kept) reader.close()
  readers.push(...(end ? [end] : []), ...newer)
  return true
}

/** Moves to the beginning of the last lines of all files together. */
function skipToTail(readers: LogReader[], lines: number): void {
  let missing = lines
  for (const reader of [...readers].reverse()) missing = reader.skipToTail(missing)
}

async function changed(path: string): Promise<void> {
  const stop = new AbortController()
  const late = delay(POLL, undefined, { signal: stop.signal }).catch(() => undefined)
  const event = new Promise<void>((resolve) => {
    try {
      const watcher = watch(path, { signal: stop.signal }, () => resolve())
      watcher.on('error', () => undefined)
    } catch {
      // No watch, or the file is gone: the delay decides.
    }
  })
  await Promise.race([late, event])
  stop.abort()
}

/** Reads whole lines from an open log; what is written later comes with the next call. */
class LogReader {
  readonly inode: number
  readonly #fd: number
  #position = 0
  #rest = Buffer.alloc(0)

  constructor(fd: number) {
    this.#fd = fd
    this.inode = fstatSync(fd).ino
  }

  close(): void {
    closeSync(this.#fd)
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

/** One line of the log file; `undefined` for what a full disk left of one. */
export function parseLogLine(line: string): LogRecord | undefined {
  if (line === '') return undefined
  try {
    const { log, stream, time, attrs } = JSON.parse(line) as Record<string, unknown>
    if (typeof log !== 'string' || typeof time !== 'string') return undefined
    return {
      text: log,
      time,
      stream: stream === 'stderr' ? 'stderr' : 'stdout',
      attributes: isTexts(attrs) ? attrs : {},
    }
  } catch {
    return undefined
  }
}

const isTexts = (value: unknown): value is Record<string, string> =>
  typeof value === 'object' &&
  value !== null &&
  Object.values(value).every((entry) => typeof entry === 'string')
