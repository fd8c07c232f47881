import { statSync } from 'node:fs'
import { Changes, GrowingFile, openIfThere } from '../fs/follow.ts'
import { makeDirectory } from '../fs/replace.ts'
import { type JournalEvent, parseEvent } from './event.ts'
import { type Filters, matchesFilters } from './filter.ts'
import { eventsDirectory, journalPath, oldJournalPath } from './journal.ts'

export interface EventQuery {
  /** Nanoseconds since 1970. Without it, and without an end, only what happens from now on. */
  since: bigint | undefined
  /** Without it there is no end. */
  until: bigint | undefined
  filters: Filters
}

/** Events of the journal in the order in which they were written; those to come too, until `until`. */
export async function* readEvents(data: string, query: EventQuery): AsyncGenerator<JournalEvent> {
  makeDirectory(eventsDirectory(data))
  const { since, until, filters } = query
  const reader = new JournalReader(data, since === undefined && until === undefined)
  using changes = new Changes(eventsDirectory(data))
  try {
    for (;;) {
      // The clock is asked first: what happened before the end is then certainly in the file.
      const now = nowNanoseconds()
      for (const event of reader.read()) {
        const early = since !== undefined && event.time < since
        const late = until !== undefined && event.time > until
        if (!early && !late && matchesFilters(filters, event)) yield event
      }
      const left = until === undefined ? undefined : Number((until - now) / 1_000_000n)
      if (until !== undefined && now >= until) return
      await changes.next(left === undefined ? undefined : left + 1)
    }
  } finally {
    reader.close()
  }
}

const nowNanoseconds = (): bigint => BigInt(Date.now()) * 1_000_000n

/** Reads the journal, and goes on in the next file when the one it reads was put aside. */
class JournalReader {
  readonly #path: string
  #file: GrowingFile | undefined

  constructor(data: string, atEnd: boolean) {
    this.#path = journalPath(data)
    this.#file = atEnd
      ? openFile(this.#path)
      : (openFile(oldJournalPath(data)) ?? openFile(this.#path))
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

function openFile(path: string): GrowingFile | undefined {
  const fd = openIfThere(path)
  return fd === undefined ? undefined : new GrowingFile(fd)
}
