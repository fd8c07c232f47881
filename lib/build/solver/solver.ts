import type { Digest } from '../../core/ids.ts'
import { readStep, type StepRecord, touchStep, writeStep } from '../../store/steps.ts'
import type { CacheEntry, ImportedCache } from '../export/cache-entry.ts'
import type { FileTree } from '../files.ts'
import type { Step, StepResult, TreeOperation } from '../graph.ts'
import { located } from '../located.ts'
import type { BuildProgress } from '../progress.ts'
import type { BuildSession } from '../session.ts'
import { executeFiles } from './execute-files.ts'
import { executeRun, type StepSurroundings } from './execute-run.ts'
import { stepKey } from './key.ts'
import { checkLayers } from './layer-count.ts'
import { Reporter } from './reporter.ts'
import { uncounted, withPrefix } from './step-errors.ts'
import { Transfers } from './transfers.ts'

export interface Solved {
  result: StepResult
  /** Of steps that make a layer. */
  key: string | undefined
  /** Keys of the steps that it stands on. */
  parents: readonly string[]
  /** When the step was done, which may be long ago; `undefined` for what is no step of ours. */
  createdAt: string | undefined
}

export interface SolverRequest {
  session: BuildSession
  progress: BuildProgress
  imports: readonly ImportedCache[]
  surroundings: StepSurroundings
  /** Seconds since 1970 that files may not be newer than; `undefined`: they may. */
  epoch: number | undefined
}

/** Finds out what steps make: each once in a build, side by side where none needs the other, and not at all where the cache knows. */
export class Solver {
  readonly #request: SolverRequest
  readonly #reporter: Reporter
  readonly #solved = new Map<string, Promise<Solved>>()
  readonly #trees = new Map<string, Promise<FileTree>>()
  readonly #fetched = new Set<string>()
  /** Images that progress has not been told of: they are fetched when a step needs them. */
  readonly #images = new Map<string, Step>()

  /** Of files that are read. */
  readonly #transfers = new Transfers()
  readonly #telling: Promise<void>[] = []

  constructor(request: SolverRequest) {
    this.#request = request
    this.#reporter = new Reporter(request.progress)
  }

  /** Every step that was solved, for those who come to the same ones. */
  async entries(): Promise<CacheEntry[]> {
    const all = await Promise.allSettled(this.#solved.values())
    return all.flatMap((one) => {
      if (one.status === 'rejected') return []
      const { key, parents, result, createdAt } = one.value
      if (key === undefined || !('layers' in result)) return []
      return [{ key, parents, layers: result.layers, createdAt: new Date(createdAt ?? 0) }]
    })
  }

  /** Waits until nothing is under way any more; what fails by then was stopped. */
  async settle(): Promise<void> {
    await Promise.allSettled([...this.#solved.values(), ...this.#telling])
  }

  solve(step: Step): Promise<Solved> {
    const known = this.#solved.get(step.digest)
    if (known) return known
    const solving = this.#solve(step).catch((error: unknown) => {
      // What stands beside it is not needed any more.
      this.#request.session.stop(error)
      throw error
    })
    this.#solved.set(step.digest, solving)
    return solving
  }

  async #solve(step: Step): Promise<Solved> {
    const { operation } = step
    switch (operation.type) {
      case 'scratch':
        return solved({ layers: [] })
      case 'image':
        if (this.#isHere(operation.layers)) this.#reporter.cached(step)
        else this.#images.set(step.digest, step)
        return solved({ layers: operation.layers })
      case 'tree':
        return solved({ tree: await this.#openTree(step, operation) })
      case 'merge':
        return await this.#merge(step)
      default:
        return await this.#make(step)
    }
  }

  /** A context is there as soon as it is open; what steps take of it is read beside them. */
  #openTree(step: Step, { open, transfer }: TreeOperation): Promise<FileTree> {
    if (transfer === undefined) return this.#reporter.around(step, () => open())
    return new Promise((resolve, reject) => {
      const telling = this.#reporter.around(step, async (vertex) => {
        const tree = await open()
        resolve(tree)
        await this.#transfers.read(step.digest, tree, transfer, vertex)
      })
      this.#telling.push(telling.catch(reject))
    })
  }

  async #inputs(step: Step): Promise<Solved[]> {
    const all = await Promise.allSettled(step.inputs.map((input) => this.solve(input)))
    const failed = all.filter((one) => one.status === 'rejected')
    const [first] = failed.filter(({ reason }) => !isStop(reason)).concat(failed)
    if (first) throw first.reason
    return all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  }

  /** Each input but the first has made one layer on nothing. */
  async #merge(step: Step): Promise<Solved> {
    const inputs = await this.#inputs(step)
    const layers = inputs.flatMap(({ result }) => ('layers' in result ? result.layers : []))
    checkLayers(layers.length, step)
    const times = inputs.flatMap(({ createdAt }) => createdAt ?? [])
    const parents = inputs.flatMap(({ key, parents: more }) => (key === undefined ? more : [key]))
    return { result: { layers }, key: undefined, parents, createdAt: times.sort().at(-1) }
  }

  /** A step that makes a layer on those of its first input. */
  async #make(step: Step): Promise<Solved> {
    this.#transfers.note(step)
    const inputs = await this.#inputs(step)
    const results = inputs.map(({ result }) => result)
    const base = results[0] && 'layers' in results[0] ? results[0].layers : []
    const treeOf = (result: StepResult): Promise<FileTree> => this.#treeOf(result)
    this.#request.session.signal.throwIfAborted()
    checkLayers(base.length + 1, step)
    const key = await this.#reporter
      .failing(step, () => stepKey(step, results, treeOf).catch(uncounted(step)))
      .catch(withPrefix('failed to compute cache key: '))
      .catch(located(step))
    const parents = inputs.flatMap(({ key: one, parents: more }) =>
      one === undefined ? more : [one],
    )
    const found = step.fresh ? undefined : this.#find(key, parents, step, base)
    if (found) {
      this.#reporter.cached(step)
      return { result: { layers: found.layers }, key, parents, createdAt: found.createdAt }
    }
    for (const input of step.inputs) await this.fetchImages(input)
    const made = await this.#reporter
      .around(step, (vertex) => this.#execute(step, results, base, vertex))
      .catch(located(step))
    return this.#remember(step, { key, parents, base, ...made })
  }

  async #execute(
    { operation }: Step,
    results: readonly StepResult[],
    base: readonly Digest[],
    vertex: Parameters<Parameters<Reporter['around']>[1]>[0],
  ): Promise<{ diffId: Digest; size: number; steady: boolean }> {
    const { session, surroundings, epoch } = this.#request
    await session.need(base)
    const shared = { session, base, results, epoch, vertex }
    if (operation.type === 'run') return await executeRun(operation, { ...shared, surroundings })
    if (operation.type !== 'files') throw new Error(`No step makes a layer by ${operation.type}`)
    const treeOf = (result: StepResult): Promise<FileTree> => this.#treeOf(result)
    return await executeFiles(operation, { ...shared, treeOf })
  }

  /** Makes the layers of the images below a step be here. */
  async fetchImages(step: Step): Promise<void> {
    if (this.#fetched.has(step.digest)) return
    this.#fetched.add(step.digest)
    await Promise.all(step.inputs.map((input) => this.fetchImages(input)))
    if (!this.#images.delete(step.digest) || step.operation.type !== 'image') return
    const { layers } = step.operation
    const { session } = this.#request
    await this.#reporter.around(step, ({ fetch }) => session.need(layers, fetch))
  }

  #isHere(layers: readonly Digest[]): boolean {
    return layers.every((diffId) => this.#request.session.isHere(diffId))
  }

  #remember(
    step: Step,
    {
      key,
      parents,
      base,
      diffId,
      size,
      steady,
    }: Omit<StepRecord, 'createdAt' | 'description'> & {
      base: readonly Digest[]
      steady: boolean
    },
  ): Solved {
    const { session, epoch } = this.#request
    const createdAt = (epoch === undefined ? new Date() : new Date(epoch * 1000)).toISOString()
    const description = step.name.replace(/^\[[^\]]*\] /, '')
    session.syncLater(diffId)
    const { data } = session.engine.paths
    // What changed while it was copied is nobody's to find again.
    if (steady) writeStep(data, { key, parents, diffId, createdAt, description, size })
    return { result: { layers: [...base, diffId] }, key, parents, createdAt }
  }

  /** What the cache has of a step: a layer that is here, or that can be had. */
  #find(
    key: string,
    parents: readonly string[],
    step: Step,
    base: readonly Digest[],
  ): { layers: Digest[]; createdAt: string } | undefined {
    const { session, imports } = this.#request
    const { data } = session.engine.paths
    const known = readStep(data, key)
    if (known) {
      session.hold([known.diffId])
      if (session.isKnown(known.diffId)) {
        touchStep(data, key)
        return { layers: [...base, known.diffId], createdAt: known.createdAt }
      }
    }
    for (const cache of imports) {
      const found = cache.lookup(key)
      const last = found?.layers.at(-1)
      if (!found || !last) continue
      for (const { diffId, blob, ensure } of found.layers)
        session.addOrigin(diffId, { blob, fetch: (signal) => ensure(signal) })
      const createdAt = (found.createdAt ?? new Date()).toISOString()
      const description = step.name.replace(/^\[[^\]]*\] /, '')
      const record = {
        key,
        parents,
        diffId: last.diffId,
        createdAt,
        description,
        size: last.blob.size,
      }
      writeStep(data, record)
      return { layers: [...base, last.diffId], createdAt }
    }
    return undefined
  }

  /** The files of a result; those of a root filesystem are fetched by then. */
  #treeOf(result: StepResult): Promise<FileTree> {
    if ('tree' in result) return Promise.resolve(result.tree)
    const name = result.layers.join()
    const known = this.#trees.get(name)
    if (known) return known
    const tree = this.#openLayers(result.layers)
    this.#trees.set(name, tree)
    return tree
  }

  async #openLayers(layers: readonly Digest[]): Promise<FileTree> {
    const { session } = this.#request
    await session.need(layers)
    const { openLayers } = await import('../context/layers.ts')
    return openLayers(session.engine, layers)
  }
}

const solved = (result: StepResult): Solved => ({
  result,
  key: undefined,
  parents: [],
  createdAt: undefined,
})

/** The end of what was stopped because something else had failed. */
export const isStop = (error: unknown): boolean =>
  error instanceof Error && error.name === 'AbortError'
