import { setTimeout as delay } from 'node:timers/promises'

/** Milliseconds that a client has to take in the answer to its stop. */
const HEAD_START = 25
/** Milliseconds after which an event is told whatever becomes of the stop. */
const LONGEST = 2_000

/**
 * The stops that are under way. As with Docker, whoever has a container stopped hears that it did before anybody hears of its death:
 * Compose 2.26 panics at an interrupt of `up` where the event is faster than the answer.
 */
export class Stops {
  readonly #underWay = new Map<string, Promise<unknown>>()

  /** Does something that ends a container, the answer included. */
  async during(id: string, work: () => Promise<void>): Promise<void> {
    const others = this.#underWay.get(id)
    const own = work()
    const all = Promise.allSettled([others, own]).then(() => delay(HEAD_START))
    this.#underWay.set(id, all)
    void all.then(() => {
      if (this.#underWay.get(id) === all) this.#underWay.delete(id)
    })
    await own
  }

  /** Returns at once where nobody stops the container. */
  async settled(id: string): Promise<void> {
    const underWay = this.#underWay.get(id)
    if (underWay === undefined) return
    const cancel = new AbortController()
    const late = delay(LONGEST, undefined, { signal: cancel.signal }).catch(() => undefined)
    await Promise.race([underWay, late])
    cancel.abort()
  }
}
