import { setTimeout as delay } from 'node:timers/promises'

/** Milliseconds that the end of a run waits for clients that do not read, at most. */
const PATIENCE = 1000

/**
 * The clients that are being sent what containers write. Who waits for the end of a run hears of it after they have been sent all of it:
 * programs look at what was written as soon as they know the exit code.
 */
export class Outputs {
  readonly #carried = new Map<string, Set<Promise<unknown>>>()

  /** Notes that a client is being sent what a container writes, until that `end` comes. */
  note(id: string, end: Promise<unknown>): void {
    const ends = this.#carried.get(id) ?? new Set()
    this.#carried.set(id, ends.add(end))
    const forget = () => {
      ends.delete(end)
      if (ends.size === 0 && this.#carried.get(id) === ends) this.#carried.delete(id)
    }
    end.then(forget, forget)
  }

  /** Returns once clients have been sent all that a container wrote which has ended, and after a second in any case. */
  async sent(id: string): Promise<void> {
    const ends = this.#carried.get(id)
    if (!ends) return
    const stop = new AbortController()
    const late = delay(PATIENCE, undefined, { signal: stop.signal }).catch(() => undefined)
    await Promise.race([Promise.allSettled(ends), late])
    stop.abort()
  }
}
