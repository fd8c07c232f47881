/**
 * Counts the requests that are being answered, and the connections that became streams: while there is one the service stays. After
 * `idle` milliseconds without any it calls `onIdle`.
 */
export class InFlight implements Disposable {
  readonly #idle: number | undefined
  readonly #onIdle: () => void
  #count = 0
  #isOver = false
  #timer: NodeJS.Timeout | undefined
  #onEnded: (() => void) | undefined

  /** `idle`: `undefined` for ever. */
  constructor(idle: number | undefined, onIdle: () => void) {
    this.#idle = idle
    this.#onIdle = onIdle
    this.#wait()
  }

  /** One more, until what is returned is disposed of. A handler returns when its stream is over. */
  begin(): Disposable {
    this.#count++
    clearTimeout(this.#timer)
    return { [Symbol.dispose]: () => this.#end() }
  }

  /** Waits once more, when it was not to end. */
  again(): void {
    this.#wait()
  }

  /** Returns once nothing is being answered any more, and after so many milliseconds in any case. */
  async ended(patience: number): Promise<void> {
    if (this.#count === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#onEnded = resolve
    const timer = setTimeout(resolve, patience)
    await promise
    clearTimeout(timer)
  }

  /** No more waiting. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#isOver = true
  }

  #end(): void {
    this.#count--
    if (this.#count === 0) this.#onEnded?.()
    this.#wait()
  }

  #wait(): void {
    if (this.#isOver || this.#count > 0 || this.#idle === undefined) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#onIdle, this.#idle)
  }
}
