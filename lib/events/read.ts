import { closeSync, type FSWatcher, fstatSync, openSync, readSync, statSync, watch } from 'node:fs'
import { isErrno } from '../core/errors.ts'
import { makeDirectory } from '../fs/replace.ts'
import { type JournalEvent, parseEvent } from './event.ts'
import { type Filters, matchesFilters } from './filter.ts'
import { eventsDirectory, journalPath, oldJournalPath } from './journal.ts'

export interface EventQuery {
  /** Nanoseconds since 1970. Without it only what happens from now on. */
  since: bigint | undefined
  /** Without it there is no end. */
  until: bigint | undefined
  filters: Filters
}

/** Some file systems report no changes; then this is the delay, in milliseconds. */
const POLL = 500
/** How long timers may be: longer ones would fire at once. */
const MAX_TIMER = 2 ** 31 - 1
const CHUNK = 64 * 1024
const NEWLINE = 10

/** Events of the journal in the order in which they were written; those to come too, until `until`. */
export async function* readEvents(data: string, query: EventQuery): AsyncGenerator<JournalEvent> {
  makeDirectory(eventsDirectory(data))
  const { since, until, filters } = query
  const reader = new JournalReader(data, since === undefined)
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
      await changes.next(left === undefined ? POLL : Math.min(POLL, left + 1))
    }
  } finally {
    reader.close()
  }
}

const nowNanoseconds = (): bigint => BigInt(Date.now()) * 1_000_000n

/** Tells when something in a directory changed. */
class Changes implements Disposable {
  readonly #watcher: FSWatcher | undefined
  #changed = false
  #wake: () => void = () => undefined

  constructor(directory: string) {
    try {
      this.#watcher = watch(directory, () => {
        this.#changed = true
        this.#wake()
      })
      this.#watcher.on('error', () => undefined)
    } catch {
      // No watches left: the delay decides.
      this.#watcher = undefined
    }
  }

  /** Resolves at a change since the last call, at the latest after so many milliseconds. */
  async next(milliseconds: number): Promise<void> {
    if (!this.#changed) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(milliseconds, MAX_TIMER))
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    this.#changed = false
  }

  [Symbol.dispose](): void {
    this.#watcher?.close()
  }
}

/** Reads whole lines of the journal, and goes on in the next file when the one it reads was put aside. */
class JournalReader {
  readonly #path: string
  #fd: number | undefined
  #position = 0
  #rest = Buffer.alloc(0)

  constructor(data: string, atEnd: boolean) {
    this.#path = journalPath(data)
    if (atEnd) this.#skipToEnd()
    else this.#fd = openFile(oldJournalPath(data)) ?? openFile(this.#path)
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  *read(): Generator<JournalEvent> {
    for (;;) {
      // What is current is asked before the rest is read: nobody appends to a file after that who had not opened it before.
      const current = this.#isCurrent()
      for (const line of this.#lines()) {
        const event = parseEvent(line)
        if (event) yield event
      }
      if (current) return
      this.close()
      this.#fd = openFile(this.#path)
      this.#position = 0
      this.#rest = Buffer.alloc(0)
      if (this.#fd === undefined) return
    }
  }

  #skipToEnd(): void {
    this.#fd = openFile(this.#path)
    if (this.#fd !== undefined) this.#position = fstatSync(this.#fd).size
  }

  /** Whether the open file is the one that is written to. */
  #isCurrent(): boolean {
    if (this.#fd === undefined) return false
    const named = statSync(this.#path, { throwIfNoEntry: false })
    // Just put aside, and nothing was written since.
    return named === undefined || named.ino === fstatSync(this.#fd).ino
  }

  *#lines(): Generator<string> {
    if (this.#fd === undefined) return
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
}

function openFile(path: string): number | undefined {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}
