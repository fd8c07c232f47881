import type { Digest } from '../../core/ids.ts'
import { isStop } from './step-errors.ts'

/** What a step has made. */
export interface MadeLayer {
  diffId: Digest
  createdAt: string
  /** Nothing changed while it was copied. */
  steady: boolean
}

/** Steps of builds that one command does side by side: who comes second to one waits for what the first makes of it. */
export class StepsTogether {
  readonly #begun = new Map<string, Promise<MadeLayer>>()

  /**
   * Does a step, unless somebody else is at it, or was: then what that one made counts, if it is usable. Throws what keeps either from
   * it, but not that the other one was stopped.
   */
  async once(
    key: string,
    work: () => Promise<MadeLayer>,
    isUsable: (made: MadeLayer) => boolean,
  ): Promise<{ made: MadeLayer; isOwn: boolean }> {
    for (let begun = this.#begun.get(key); begun; begun = this.#begun.get(key)) {
      const made = await begun.catch(unlessStopped)
      if (made && isUsable(made)) return { made, isOwn: false }
      // Only the first of those who waited forgets it: the next one waits for that one.
      if (this.#begun.get(key) === begun) this.#begun.delete(key)
    }
    const making = work()
    this.#begun.set(key, making)
    return { made: await making, isOwn: true }
  }
}

function unlessStopped(error: unknown): undefined {
  if (!isStop(error)) throw error
}
