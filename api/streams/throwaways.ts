/** Milliseconds for which a throwaway is remembered that was started here. */
const MEMORY = 10_000
/** So many at most: the oldest is forgotten. */
const MAX_THROWAWAYS = 10_000

/**
 * Containers that remove themselves and were started through this service lately. Such a one may have ended, and be gone, before its client
 * has sent what it sends next: a wait for it.
 */
export class Throwaways {
  /** When each was started, in milliseconds of a clock that never goes back; the oldest first. */
  readonly #started = new Map<string, number>()

  add(id: string): void {
    const now = performance.now()
    for (const [old, time] of this.#started) {
      if (now - time < MEMORY && this.#started.size < MAX_THROWAWAYS) break
      this.#started.delete(old)
    }
    this.#started.set(id, now)
  }

  /** Whether this is the whole id of one. */
  has(id: string): boolean {
    return performance.now() - (this.#started.get(id) ?? Number.NEGATIVE_INFINITY) < MEMORY
  }
}
