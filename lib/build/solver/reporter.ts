import type { OnFetch, Step } from '../graph.ts'
import type { BuildProgress, Vertex } from '../progress.ts'
import { isStop } from './step-errors.ts'

/** What a step that is being done tells. */
export interface StepVertex {
  digest: string
  fetch: OnFetch
  /** So many bytes of something have been read since `started`, and more may follow. */
  reading(id: string, bytes: number, started: Date): void
  /** So many bytes of something have been read, all of it; `started`: since when, at once if it is not given. */
  read(id: string, bytes: number, started?: Date): void
  log(stream: 'stdout' | 'stderr', data: Buffer): void
}

/** Tells progress of steps: when they begin, how they end. */
export class Reporter {
  readonly #progress: BuildProgress
  readonly #signal: AbortSignal | undefined

  /** `signal`: what ends the steps before their time. */
  constructor(progress: BuildProgress, signal?: AbortSignal) {
    this.#progress = progress
    this.#signal = signal
  }

  /** The step is to come, unless something fails before. */
  planned(step: Step): void {
    this.#progress.vertex(vertexOf(step))
  }

  /** The cache had what the step makes. */
  cached(step: Step): void {
    const now = new Date()
    this.#progress.vertex({ ...vertexOf(step), started: now, completed: now, cached: true })
  }

  /** Does the step, and tells of its beginning and its end. */
  async around<Result>(step: Step, work: (vertex: StepVertex) => Promise<Result>): Promise<Result> {
    const vertex = { ...vertexOf(step), started: new Date() }
    this.#progress.vertex(vertex)
    try {
      const result = await work(this.#vertex(step))
      this.#progress.vertex({ ...vertex, completed: new Date() })
      return result
    } catch (error) {
      this.#failed(vertex, error)
      throw error
    }
  }

  /** Work before a step begins: only its failure is told. */
  async failing<Result>(step: Step, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      this.#failed({ ...vertexOf(step), started: new Date() }, error)
      throw error
    }
  }

  #failed(vertex: Vertex, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    // What is stopped may throw why it is: that is told where it happened.
    const stopped = this.#signal?.aborted === true || isStop(error)
    this.#progress.vertex({
      ...vertex,
      completed: new Date(),
      error: stopped ? 'context canceled' : message,
    })
  }

  #vertex({ digest }: Step): StepVertex {
    const begun = new Map<string, Date>()
    return {
      digest,
      fetch: (id, current, total) => {
        const timestamp = new Date()
        const started = begun.get(id) ?? timestamp
        begun.set(id, started)
        const done = total > 0 && current >= total
        const status = { id, vertex: digest, current, total, timestamp, started }
        this.#progress.status(done ? { ...status, completed: timestamp } : status)
      },
      reading: (id, current, started) => {
        const timestamp = new Date()
        this.#progress.status({ id, vertex: digest, current, total: 0, timestamp, started })
      },
      read: (id, current, started) => {
        const timestamp = new Date()
        const times = { timestamp, started: started ?? timestamp, completed: timestamp }
        this.#progress.status({ id, vertex: digest, current, total: 0, ...times })
      },
      log: (stream, data) =>
        this.#progress.log({
          vertex: digest,
          stream: stream === 'stdout' ? 1 : 2,
          data,
          timestamp: new Date(),
        }),
    }
  }
}

const vertexOf = ({ digest, name, inputs, location }: Step): Vertex => ({
  digest,
  name,
  ...(location ? { line: location.start } : {}),
  inputs: inputs
    .filter(({ operation }) => operation.type !== 'scratch')
    .map((input) => input.digest),
})
