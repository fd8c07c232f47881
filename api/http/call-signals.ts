import type { EventEmitter } from 'node:events'

/**
 * The signals of the requests under way: each is aborted with its client, all are with the service. `AbortSignal.any` would leave
 * something at the service's own signal for each request that ever was.
 */
export class CallSignals {
  readonly #open = new Set<AbortController>()
  #isOver = false

  /** How many are under way. */
  get size(): number {
    return this.#open.size
  }

  /** A signal for one request; `connection`: what says `close` when nobody waits for its answer any more. */
  begin(connection: EventEmitter): AbortSignal {
    const controller = new AbortController()
    if (this.#isOver) {
      controller.abort()
      return controller.signal
    }
    this.#open.add(controller)
    connection.once('close', () => {
      this.#open.delete(controller)
      controller.abort()
    })
    return controller.signal
  }

  /** The service ends: so does what is under way, and what comes yet. */
  abort(): void {
    this.#isOver = true
    for (const controller of this.#open) controller.abort()
  }
}
