import type { OpenedTree } from '../../../lib/build/context/trees.ts'
import type { BuildOptions } from '../../../lib/build/options.ts'
import { grpcError } from '../grpc/status.ts'
import type { SolveRequest } from '../wire/types.ts'
import { StatusLog } from './status-log.ts'

/** What a build has made, for what is built on top of it. */
export interface BuildResult {
  /** What was asked for: the same is found in the cache. */
  options: BuildOptions
}

/** A build that a client has asked for, from its request to what becomes of it. */
export class Job {
  readonly ref: string
  readonly request: SolveRequest
  readonly progress: StatusLog
  /** What was built so far, by ids that are told to the client. */
  readonly results = new Map<string, BuildResult>()
  /** What was fetched for the client to read, by such ids. */
  readonly sources = new Map<string, OpenedTree>()
  /** What outputs have made; told when the build is over. */
  exported: Record<string, string> = {}
  readonly #end = new AbortController()
  readonly #returned = Promise.withResolvers<void>()

  constructor(request: SolveRequest) {
    this.ref = request.ref
    this.progress = new StatusLog(request.ref)
    this.request = request
    this.#returned.promise.catch(() => undefined)
  }

  /** Aborted when the client has given up. */
  get signal(): AbortSignal {
    return this.#end.signal
  }

  stop(reason: unknown): void {
    this.#end.abort(reason)
    this.#returned.reject(reason)
  }

  /** The client has what it wanted, or `error`. */
  return(error: unknown): void {
    if (error === undefined) this.#returned.resolve()
    else this.#returned.reject(error)
  }

  /** Over when the client says so. Throws what it says. */
  get returned(): Promise<void> {
    return this.#returned.promise
  }
}

/** Milliseconds for which a question about a build waits for the build, and after which an ended one is forgotten. */
const PATIENCE = 10_000
const MEMORY = 60_000

/** The builds of a service. */
export class Jobs {
  readonly #known = new Map<string, Job>()
  readonly #waiting = new Set<() => void>()

  /** Does the work of a new build. Throws what the work throws, and `GrpcError` for a name that is taken. */
  async run<Result>(request: SolveRequest, work: (job: Job) => Promise<Result>): Promise<Result> {
    if (request.ref === '') throw grpcError('INVALID_ARGUMENT', 'a build needs a ref')
    if (this.#known.has(request.ref)) {
      throw grpcError('ALREADY_EXISTS', `build ${request.ref} is under way already`)
    }
    const job = new Job(request)
    this.#known.set(job.ref, job)
    for (const wake of this.#waiting) wake()
    try {
      return await work(job)
    } finally {
      job.results.clear()
      for (const { release } of job.sources.values()) await release()
      job.sources.clear()
      job.progress.end()
      // Who asks late how it was is told.
      setTimeout(() => this.#known.delete(job.ref), MEMORY).unref()
    }
  }

  /** A build, which may be about to begin. Throws `GrpcError`. */
  async find(ref: string, signal: AbortSignal): Promise<Job> {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)])
    for (;;) {
      const job = this.#known.get(ref)
      if (job) return job
      if (patience.aborted) throw grpcError('NOT_FOUND', `no such job ${ref}`)
      await this.#change(patience)
    }
  }

  /** What was built in any build that is under way. */
  result(id: string): BuildResult | undefined {
    for (const { results } of this.#known.values()) {
      const result = results.get(id)
      if (result) return result
    }
    return undefined
  }

  async #change(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.#waiting.add(wake)
      signal.addEventListener('abort', wake, { once: true })
    })
  }
}
