import { statSync } from 'node:fs'
import { nowNanoseconds } from '../core/instant.ts'
import { Changes, GrowingFile, openIfThere } from '../fs/follow.ts'
import { makeDirectory } from '../fs/replace.ts'
import { type JournalEvent, parseEvent } from './event.ts'
import { type Filters, matchesFilters } from './filter.ts'
import { eventsDirectory, journalPath, probesPath } from './journal.ts'

export interface EventQuery {
  /** Nanoseconds since 1970. Without it, and without an end, only what happens from now on. */
  since: bigint | undefined
  /** Without it there is no end. */
  until: bigint | undefined
  filters: Filters
  /** Aborted when nobody wants them any more. */
  signal?: AbortSignal
}

/** While an event waits for those before it, in milliseconds. */
const SETTLE = 2

/** Events of the journal in the order of their times; those to come too, until `until`. */
export async function* readEvents(data: string, query: EventQuery): AsyncGenerator<JournalEvent> {
  makeDirectory(eventsDirectory(data))
  const { since, until, filters, signal } = query
  using journal = new Journal(data, since === undefined && until === undefined)
  using changes = new Changes(eventsDirectory(data))
  signal?.addEventListener('abort', () => changes.wake())
  const isWanted = (event: JournalEvent): boolean =>
    (since === undefined || event.time >= since) &&
    (until === undefined || event.time <= until) &&
    matchesFilters(filters, event)
  while (!signal?.aborted) {
    // The clock is asked first: what happened before the end is then certainly in the file.
    const now = nowNanoseconds()
    yield* journal.read(now, isWanted)
    if (until !== undefined && now >= until) return
    const left = until === undefined ? undefined : Number((until - now) / 1_000_000n) + 1
    await changes.next(journal.waits ? SETTLE : left)
  }
}

/** Both files of the journal, as one. */
export class Journal implements Disposable {
  readonly #readers: JournalReader[]
  #held: JournalEvent[] = []

  constructor(data: string, atEnd: boolean) {
    this.#readers = [journalPath(data), probesPath(data)].map(
      (path) => new JournalReader(path, atEnd),
    )
  }

  /**
   * What came since the last call. An event later than `now`, the time before the call, waits for the next one: what was
   * written before it into the file that was read first is seen only then. What is not wanted is not held for a moment: a journal
   * may be long.
   */
  read(now: bigint, isWanted: (event: JournalEvent) => boolean = () => true): JournalEvent[] {
    const came: JournalEvent[] = []
    for (const reader of this.#readers) {
      for (const event of reader.read()) if (isWanted(event)) came.push(event)
    }
    const ready = [...this.#held, ...came.filter(({ time }) => time <= now)]
    this.#held = came.filter(({ time }) => time > now)
    return ready.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
  }

  /** Whether the next call has something in any case. */
  get waits(): boolean {
    return this.#held.length > 0
  }

  [Symbol.dispose](): void {
    for (const reader of this.#readers) reader.close()
  }
}

/** Reads a file of the journal, and goes on in the next when the one it reads was put aside. */
class JournalReader {
  readonly #path: string
  #file: GrowingFile | undefined

  constructor(path: string, atEnd: boolean) {
    this.#path = path
    this.#file = atEnd ? openFile(path) : (openFile(oldPath(path)) ?? openFile(path))
    if (atEnd) this.#file?.skipToEnd()
  }

  close(): void {
    this.#file?.close()
    this.#file = undefined
  }

  *read(): Generator<JournalEvent> {
    for (;;) {
      // What is current is asked before the rest is read: nobody appends to a file after that who had not opened it before.
      const current = this.#isCurrent()
      for (const line of this.#file?.lines() ?? []) {
        const event = parseEvent(line)
        if (event) yield event
      }
      if (current) return
      this.close()
      this.#file = openFile(this.#path)
      if (!this.#file) return
    }
  }

  /** Whether the open file is the one that is written to. */
  #isCurrent(): boolean {
    if (!this.#file) return false
    const named = statSync(this.#path, { bigint: true, throwIfNoEntry: false })
    // Just put aside, and nothing was written since.
    return named === undefined || named.ino === this.#file.status().ino
  }
}

const oldPath = (path: string): string => `${path}.1`

function openFile(path: string): GrowingFile | undefined {
  const fd = openIfThere(path)
  return fd === undefined ? undefined : new GrowingFile(fd)
}
