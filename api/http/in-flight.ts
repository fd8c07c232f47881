/**
 * Counts the requests that are being answered, the connections that became streams, and those that may bring a first request: while
 * there is one the service stays. After `idle` milliseconds without any it calls `onIdle`.
 */
export class InFlight implements Disposable {
  readonly #idle: number | undefined
  readonly #onIdle: () => void
  #count = 0
  /** Connections that have not asked anything yet. */
  #silent = 0
  #isOver = false
  #timer: NodeJS.Timeout | undefined
  #immediate: NodeJS.Immediate | undefined
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
    this.#stay()
    return { [Symbol.dispose]: () => this.#end() }
  }

  /** A new connection: what is returned is to be called once its first request has begun, and when it is closed. */
  connected(): () => void {
    this.#silent++
    this.#stay()
    let isSilent = true
    return () => {
      if (!isSilent) return
      isSilent = false
      this.#silent--
      this.#wait()
    }
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
    this.#stay()
    this.#isOver = true
  }

  #end(): void {
    this.#count--
    if (this.#count === 0) this.#onEnded?.()
    this.#wait()
  }

  #wait(): void {
    if (this.#isOver || this.#count > 0 || this.#silent > 0 || this.#idle === undefined) return
    this.#stay()
    // A connection that the kernel has already is accepted before the immediate.
    this.#timer = setTimeout(() => {
      this.#immediate = setImmediate(this.#onIdle)
    }, this.#idle)
  }

  #stay(): void {
    clearTimeout(this.#timer)
    clearImmediate(this.#immediate)
  }
}
