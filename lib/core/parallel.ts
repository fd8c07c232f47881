/**
 * Does something with each item, so many at a time. After a failure nothing is begun any more; what runs comes to its end first, and then
 * the failure is thrown.
 */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const failures: unknown[] = []
  const queue = [...items.entries()]
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next && failures.length === 0; next = queue.shift()) {
      const [index, item] = next
      try {
        results[index] = await work(item)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker))
  if (failures.length > 0) throw failures[0]
  return results
}

/** Places of which there are so many: who wants one waits in a queue. */
export class Places {
  #free: number
  readonly #waiting = new Set<() => void>()

  constructor(count: number) {
    this.#free = count
  }

  /** A place until what is returned is disposed of; `undefined`: the signal came before there was one. */
  async take(signal: AbortSignal): Promise<Disposable | undefined> {
    if (signal.aborted) return undefined
    if (this.#free > 0) this.#free--
    else if (!(await this.#wait(signal))) return undefined
    return { [Symbol.dispose]: () => this.#giveBack() }
  }

  /** Whether a place was passed on; whoever waits longest has it first. */
  #wait(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const turn = () => {
        this.#waiting.delete(turn)
        signal.removeEventListener('abort', giveUp)
        resolve(true)
      }
      const giveUp = () => {
        this.#waiting.delete(turn)
        resolve(false)
      }
      this.#waiting.add(turn)
      signal.addEventListener('abort', giveUp, { once: true })
    })
  }

  #giveBack(): void {
    const [turn] = this.#waiting
    if (turn) turn()
    else this.#free++
  }
}
