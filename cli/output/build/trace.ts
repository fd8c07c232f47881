import type {
  BuildProgress,
  Vertex,
  VertexLog,
  VertexStatus,
  VertexWarning,
} from '../../../lib/build/progress.ts'
import { Step } from './step.ts'

/** All steps of a build as far as they have come. `touch` hears of each step that has something new to show. */
export class Trace implements BuildProgress {
  /** By digest, those that wait among them. */
  readonly steps = new Map<string, Step>()
  /** Those that have begun, in that order. */
  readonly started: Step[] = []
  readonly warnings: VertexWarning[] = []
  readonly #touch: (step: Step, text: string) => void
  readonly #keep: number | undefined

  constructor(touch: (step: Step, text: string) => void, keep?: number) {
    this.#touch = touch
    this.#keep = keep
  }

  vertex(vertex: Vertex): void {
    let step = this.steps.get(vertex.digest)
    if (!step) {
      step = new Step(vertex, this.#keep)
      this.steps.set(vertex.digest, step)
    }
    const began = step.isStarted
    const changed = step.update(vertex)
    if (!began && step.isStarted) this.started.push(step)
    if (changed) this.#touch(step, '')
  }

  status(status: VertexStatus): void {
    const step = this.steps.get(status.vertex)
    if (!step) return
    step.setStatus(status)
    this.#touch(step, '')
  }

  log(log: VertexLog): void {
    const step = this.steps.get(log.vertex)
    if (step) this.#touch(step, step.write(log))
  }

  warning(warning: VertexWarning): void {
    this.warnings.push(warning)
    const step = this.steps.get(warning.vertex)
    if (!step) return
    step.warnings.push(warning)
    this.#touch(step, '')
  }
}

/** What steps that failed had printed last. */
export function describeFailures(trace: Trace): string {
  return trace.started
    .filter((step) => step.failure && !step.isCancelled)
    .map((step) =>
      ['------', ` > ${step.name}:`, ...step.recent, '------'].map((line) => `${line}\n`).join(''),
    )
    .join('')
}
