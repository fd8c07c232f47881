import { nowNanoseconds } from '../../lib/core/instant.ts'
import type { JournalEvent } from '../../lib/events/event.ts'
import { eventsDirectory } from '../../lib/events/journal.ts'
import { Journal } from '../../lib/events/read.ts'
import { Changes } from '../../lib/fs/follow.ts'
import { makeDirectory } from '../../lib/fs/replace.ts'

type Listener = (event: JournalEvent) => void

/** While an event waits for those before it, in milliseconds. */
const SETTLE = 2

/**
 * Tells what happens to containers, whoever brings it about. The journal is read once for all who listen, and only while somebody
 * does.
 */
export class ContainerEvents {
  readonly #data: string
  readonly #log: (line: string) => void
  readonly #listeners = new Map<string, Set<Listener>>()
  #isReading = false

  constructor(data: string, log: (line: string) => void) {
    this.#data = data
    this.#log = log
  }

  /** Events of the container from now on, until what is returned is disposed of. */
  listen(id: string, listener: Listener): Disposable {
    const since = nowNanoseconds()
    const listeners = this.#listeners.get(id) ?? new Set()
    const fresh: Listener = (event) => {
      if (event.time >= since) listener(event)
    }
    this.#listeners.set(id, listeners.add(fresh))
    if (!this.#isReading) void this.#read()
    return {
      [Symbol.dispose]: () => {
        listeners.delete(fresh)
        if (listeners.size === 0 && this.#listeners.get(id) === listeners) {
          this.#listeners.delete(id)
        }
      },
    }
  }

  async #read(): Promise<void> {
    this.#isReading = true
    try {
      makeDirectory(eventsDirectory(this.#data))
      using journal = new Journal(this.#data, true)
      using changes = new Changes(eventsDirectory(this.#data))
      while (this.#listeners.size > 0) {
        for (const event of journal.read(nowNanoseconds())) this.#tell(event)
        await changes.next(journal.waits ? SETTLE : undefined)
      }
    } catch (error) {
      this.#log(`events: ${(error as Error).message}`)
    } finally {
      this.#isReading = false
    }
  }

  #tell(event: JournalEvent): void {
    if (event.Type !== 'container') return
    for (const listener of this.#listeners.get(event.Actor.ID) ?? []) listener(event)
  }
}
