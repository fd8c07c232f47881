import { statSync } from 'node:fs'
import { nowNanoseconds } from '../core/instant.ts'
import { Changes } from '../fs/follow.ts'
import { makeDirectory } from '../fs/replace.ts'
import { type JournalEvent, parseEvent } from './event.ts'
import { type Filters, matchesFilters } from './filter.ts'
import { eventsDirectory, journalPath, probesPath } from './journal.ts'
import { JournalFile } from './journal-file.ts'

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
  while (!signal?.aborted) {
    // The clock is asked first: what happened before the end is then certainly in the file.
    const now = nowNanoseconds()
    for (const event of journal.read(now, query)) {
      if (signal?.aborted) return
      if (matchesFilters(filters, event)) yield event
    }
    if (until !== undefined && now >= until) return
    const left = until === undefined ? undefined : Number((until - now) / 1_000_000n) + 1
    await changes.next(journal.waits ? SETTLE : left)
  }
}

/** Bounds of the times that are wanted, both of them too; `undefined`: none. */
export type Span = Pick<EventQuery, 'since' | 'until'>

const ALL: Span = { since: undefined, until: undefined }

/** Both files of the journal, as one. */
export class Journal implements Disposable {
  readonly #readers: JournalReader[]
  #held = new LinePlaces()

  constructor(data: string, atEnd: boolean) {
    this.#readers = [journalPath(data), probesPath(data)].map(
      (path) => new JournalReader(path, atEnd),
    )
  }

  /**
   * What came before this call and since the last one, which has to be read to its end. An event later than `now`, the time before
   * the call, waits for the next one: what was written before it into the file that was read first is seen only then. A journal may
   * be long, and whoever takes the events slow: only the places of their lines are held, and each is read when its turn comes.
   */
  *read(now: bigint, { since, until }: Span = ALL): Generator<JournalEvent> {
    const ready = this.#held
    const held = new LinePlaces()
    for (const reader of this.#readers) {
      reader.scan((file, time, start) => {
        if (since !== undefined && time < since) return
        if (until !== undefined && time > until) return
        const places = time <= now ? ready : held
        places.add(file, time, start)
      })
    }
    this.#held = held
    yield* ready.events()
    for (const reader of this.#readers) reader.leave((file) => held.has(file))
  }

  /** Whether the next call has something in any case. */
  get waits(): boolean {
    return this.#held.count > 0
  }

  [Symbol.dispose](): void {
    for (const reader of this.#readers) reader.close()
  }
}

/** Where lines of the journal begin. */
class LinePlaces {
  count = 0
  readonly #files: JournalFile[] = []
  #times = new BigUint64Array(16)
  #starts = new Float64Array(16)
  #fileNumbers = new Uint16Array(16)

  add(file: JournalFile, time: bigint, start: number): void {
    if (this.count === this.#times.length) this.#grow()
    if (this.#files.at(-1) !== file) this.#files.push(file)
    this.#times[this.count] = time
    this.#starts[this.count] = start
    this.#fileNumbers[this.count] = this.#files.length - 1
    this.count++
  }

  has(file: JournalFile): boolean {
    return this.#files.includes(file)
  }

  /** The lines in the order of their times; those of one time in the order in which they were added. */
  *events(): Generator<JournalEvent> {
    const times = this.#times
    const compare = (a: number, b: number): number => {
      const [one = 0n, other = 0n] = [times[a], times[b]]
      return one < other ? -1 : one > other ? 1 : 0
    }
    for (const index of Array.from({ length: this.count }, (_, index) => index).sort(compare)) {
      const file = this.#files[this.#fileNumbers[index] ?? 0]
      const event = file && parseEvent(file.line(this.#starts[index] ?? 0))
      if (event) yield event
    }
    for (const file of this.#files) file.release()
  }

  #grow(): void {
    const size = 4 * this.count
    const [times, starts, fileNumbers] = [this.#times, this.#starts, this.#fileNumbers]
    this.#times = new BigUint64Array(size)
    this.#starts = new Float64Array(size)
    this.#fileNumbers = new Uint16Array(size)
    this.#times.set(times)
    this.#starts.set(starts)
    this.#fileNumbers.set(fileNumbers)
  }
}

/** Follows a file of the journal, and goes on in the next when the one it reads was put aside. */
class JournalReader {
  readonly #path: string
  /** The last one is read; the others have lines that somebody has yet to take. */
  readonly #files: JournalFile[] = []

  constructor(path: string, atEnd: boolean) {
    this.#path = path
    const file = atEnd ? undefined : JournalFile.open(oldPath(path))
    this.#begin(file ?? JournalFile.open(path))
    if (atEnd) this.#files[0]?.skipToEnd()
  }

  close(): void {
    this.leave(() => false)
    this.#files.pop()?.close()
  }

  /** Closes the files that were put aside, but for those that are wanted. */
  leave(isWanted: (file: JournalFile) => boolean): void {
    for (const file of this.#files.slice(0, -1)) {
      if (isWanted(file)) continue
      this.#files.splice(this.#files.indexOf(file), 1)
      file.close()
    }
  }

  /** Finds the lines that came since the last call, in their order. */
  scan(found: (file: JournalFile, time: bigint, start: number) => void): void {
    for (;;) {
      const file = this.#files.at(-1)
      // What is current is asked before the rest is read: nobody appends to a file after that who had not opened it before.
      const isCurrent = file !== undefined && this.#isCurrent(file)
      file?.scan((time, start) => found(file, time, start))
      if (isCurrent || !this.#begin(JournalFile.open(this.#path))) return
    }
  }

  #begin(file: JournalFile | undefined): boolean {
    if (file) this.#files.push(file)
    return file !== undefined
  }

  /** Whether it is the one that is written to. */
  #isCurrent(file: JournalFile): boolean {
    const named = statSync(this.#path, { bigint: true, throwIfNoEntry: false })
    // Just put aside, and nothing was written since.
    return named === undefined || named.ino === file.status().ino
  }
}

const oldPath = (path: string): string => `${path}.1`
