import { statSync } from 'node:fs'
import { join } from 'node:path'
import { Changes, openIfThere } from '../fs/follow.ts'
import { type Container, stateOf } from './catalog.ts'
import { LogFile } from './log-file.ts'
import type { GzipLog } from './log-gzip.ts'
import { type LogOptions, type LogRecord, nanoseconds } from './log-record.ts'
import { isLive, readState } from './state.ts'

type LogReader = LogFile | GzipLog

/** So many lines are handed on at once, at most. */
const BATCH = 500

/**
 * The log of a container, some lines at a time; with `follow` until the container has ended and everything is read. What has been
 * read is handed on before anything is waited for. `name` is what the container was found by: throws `no-such-container` with it
 * when the container has gone since.
 */
export async function* readLogs(
  container: Container,
  options: LogOptions,
  name: string,
): AsyncGenerator<LogRecord[]> {
  const path = join(container.directory, 'container.log')
  using changes = options.follow ? new Changes(container.directory) : undefined
  const readers = await openLogs(path)
  // One that never ran has no log; one that has gone is missing.
  if (readers.length === 0) stateOf(container, name)
  try {
    if (options.tail !== undefined) await skipToTail(readers, options.tail)
    for (;;) {
      // The state is asked first: what was written before the end is then certainly in the file.
      const running = isLive(readState(container.directory))
      for (const reader of readers) {
        const records = reader.read()
        const ended = yield* Symbol.iterator in records
          ? inBatches(records, options)
          : inBatchesOf(records, options)
        if (ended) return
      }
      const rotated = await openNewer(path, readers)
      if (rotated) continue
      if (!changes || !running) return
      await changes.next()
      if (options.signal?.aborted) return
    }
  } finally {
    for (const reader of readers) reader.close()
  }
}

/** Returns whether what comes next is of no interest. Without a wait for each line: there may be millions. */
function* inBatches(
  records: Iterable<LogRecord>,
  { since, until }: LogOptions,
): Generator<LogRecord[], boolean> {
  let batch: LogRecord[] = []
  let ended = false
  for (const record of records) {
    ended = isAfter(record, until)
    if (ended) break
    if (isWanted(record, since)) batch.push(record)
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
  return ended
}

async function* inBatchesOf(
  records: AsyncIterable<LogRecord>,
  options: LogOptions,
): AsyncGenerator<LogRecord[], boolean> {
  for await (const record of records) {
    if (yield* inBatches([record], options)) return true
  }
  return false
}

const isAfter = (record: LogRecord, until: bigint | undefined): boolean =>
  until !== undefined && nanoseconds(record) > until

const isWanted = (record: LogRecord, since: bigint | undefined): boolean =>
  since === undefined || nanoseconds(record) >= since

/** The files of the log, the oldest first: `container.log.2.gz`, `container.log.1`, `container.log`. */
async function openLogs(path: string): Promise<LogReader[]> {
  const readers: LogReader[] = []
  for (let number = 0; ; number++) {
    const reader = await openLog(number === 0 ? path : `${path}.${number}`)
    if (!reader) return readers.reverse()
    const last = readers.at(-1)
    // Rotated since the one before was opened: it is the same file under its next name.
    if (last && isSame(last, reader)) reader.close()
    else readers.push(reader)
  }
}

async function openLog(path: string): Promise<LogReader | undefined> {
  const plain = openIfThere(path)
  if (plain !== undefined) return new LogFile(plain)
  // It has its compressed name before it loses the plain one.
  const compressed = openIfThere(`${path}.gz`)
  if (compressed === undefined) return undefined
  const { GzipLog } = await import('./log-gzip.ts')
  return new GzipLog(compressed)
}

/** Whether two readers have the same lines: one may be the compressed file of the other. */
function isSame(one: LogReader, other: LogReader): boolean {
  if (isPlain(one) && isPlain(other)) return one.origin.inode === other.origin.inode
  if (!isPlain(one) && !isPlain(other)) return one.inode === other.inode
  const [a, b] = [one.origin, other.origin]
  return a !== undefined && a.inode === b?.inode && a.modified === b.modified
}

const isPlain = (reader: LogReader): reader is LogFile => reader instanceof LogFile

/**
 * Goes on to the files that were begun since. Of those read so far only the last is kept: what was written to it before
 * the rotation is still to be read. Returns whether there is something new.
 */
async function openNewer(path: string, readers: LogReader[]): Promise<boolean> {
  const last = readers.at(-1)
  const current = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (last && isPlain(last) && current?.ino === last.origin.inode) return false
  const newer = await openLogs(path)
  const known = last ? newer.findIndex((reader) => isSame(reader, last)) : -1
  for (const reader of newer.splice(0, known + 1)) reader.close()
  if (newer.length === 0) return false
  const kept = readers.splice(0)
  const end = kept.pop()
  for (const reader of kept) reader.close()
  readers.push(...(end ? [end] : []), ...newer)
  return true
}

/** Moves to the beginning of the last lines of all files together. */
async function skipToTail(readers: LogReader[], lines: number): Promise<void> {
  let missing = lines
  for (const reader of [...readers].reverse()) missing = await reader.skipToTail(missing)
}
