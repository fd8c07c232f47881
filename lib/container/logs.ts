import { closeSync, fstatSync, openSync, readSync, watch } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isErrno } from '../core/errors.ts'
import type { Container } from './catalog.ts'
import { isLive, readState } from './state.ts'

export interface LogRecord {
  stream: 'stdout' | 'stderr'
  text: string
  time: string
}

export interface LogOptions {
  follow: boolean
  /** Milliseconds since 1970. */
  since: number | undefined
  until: number | undefined
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
  const fd = openLog(path)
  if (fd === undefined && !options.follow) return
  const reader = new LogReader(fd ?? (await awaitLog(path, container)))
  try {
    if (options.tail !== undefined) reader.skipToTail(options.tail)
    for (;;) {
      // The state is asked first: what was written before the end is then certainly in the file.
      const running = isLive(readState(container.directory))
      for (const record of reader.read()) {
        const time = Date.parse(record.time)
        if (options.until !== undefined && time > options.until) return
        if (options.since === undefined || time >= options.since) yield record
      }
      if (!options.follow || !running) return
      await changed(path)
    }
  } finally {
    reader.close()
  }
}

function openLog(path: string): number | undefined {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}

async function awaitLog(path: string, container: Container): Promise<number> {
  for (;;) {
    const fd = openLog(path)
    if (fd !== undefined) return fd
    if (!isLive(readState(container.directory))) return openSync('/dev/null', 'r')
    await delay(POLL)
  }
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
  readonly #fd: number
  #position = 0
  #rest = Buffer.alloc(0)

  constructor(fd: number) {
    this.#fd = fd
  }

  close(): void {
    closeSync(this.#fd)
  }

  /** Moves to the beginning of the last lines, reading from the end backwards. */
  skipToTail(lines: number): void {
    const { size } = fstatSync(this.#fd)
    const chunk = Buffer.alloc(CHUNK)
    let missing = lines + 1
    for (let end = size; end > 0; ) {
      const start = Math.max(0, end - CHUNK)
      const count = readSync(this.#fd, chunk, 0, end - start, start)
      for (let at = count - 1; at >= 0; at--) {
        if (chunk[at] === NEWLINE && --missing === 0) {
          this.#position = start + at + 1
          return
        }
      }
      end = start
    }
  }

  *read(): Generator<LogRecord> {
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
    const { log, stream, time } = JSON.parse(line) as Record<string, unknown>
    if (typeof log !== 'string' || typeof time !== 'string') return undefined
    return { text: log, time, stream: stream === 'stderr' ? 'stderr' : 'stdout' }
  } catch {
    return undefined
  }
}
