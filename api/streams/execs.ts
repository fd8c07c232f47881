import type { ExecProcess } from '../../lib/runtime/exec-process.ts'

/** How long a process may take from its making to its start, in milliseconds. */
const TIMEOUT = 10_000

/** Further processes of containers that run, and that clients of this service are connected to. */
export class Execs {
  readonly #running = new Map<string, ExecProcess>()
  readonly #waiting = new Map<string, Set<(process: ExecProcess) => void>>()

  /** One that runs from now on, until what is returned is disposed of. */
  add(id: string, process: ExecProcess): Disposable {
    this.#running.set(id, process)
    for (const wake of this.#waiting.get(id) ?? []) wake(process)
    return { [Symbol.dispose]: () => this.#running.delete(id) }
  }

  find(id: string): ExecProcess | undefined {
    return this.#running.get(id)
  }

  /** The process once it runs; `undefined` when that takes too long. */
  async wait(id: string): Promise<ExecProcess | undefined> {
    const waiting = this.#waiting.get(id) ?? new Set()
    this.#waiting.set(id, waiting)
    const { promise, resolve } = Promise.withResolvers<ExecProcess | undefined>()
    waiting.add(resolve)
    const late = setTimeout(() => resolve(undefined), TIMEOUT)
    try {
      return await promise
    } finally {
      clearTimeout(late)
      waiting.delete(resolve)
      if (waiting.size === 0) this.#waiting.delete(id)
    }
  }
}
