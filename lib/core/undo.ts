/** Steps that take back what was made, run in reverse order unless `commit` was called. */
export class UndoStack implements AsyncDisposable {
  #steps: (() => Promise<void>)[] = []

  push(step: () => Promise<void>): void {
    this.#steps.push(step)
  }

  commit(): void {
    this.#steps = []
  }

  /** A step that fails does not keep the others from running: what remains is garbage with a dead owner. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const step of this.#steps.reverse()) await step().catch(() => undefined)
    this.#steps = []
  }
}
