import { existsSync } from 'node:fs'
import type { Digest } from '../../core/ids.ts'
import { blobPath } from '../../store/blobs.ts'
import { readStep } from '../../store/steps.ts'
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
import { Reporter, type StepVertex } from './reporter.ts'
import type { SealContext } from './seal.ts'
import { StepCache } from './step-cache.ts'
import { isStop, uncounted, withPrefix } from './step-errors.ts'
import type { MadeLayer, StepsTogether } from './together.ts'
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
  /** Of all builds of the command. */
  together: StepsTogether
  /** Seconds since 1970 that files may not be newer than; `undefined`: they may. */
  epoch: number | undefined
}

/** Finds out what steps make: each once in a build, side by side where none needs the other, and not at all where the cache knows. */
export class Solver {
  readonly #request: SolverRequest
  readonly #reporter: Reporter
  readonly #cache: StepCache
  readonly #solved = new Map<string, Promise<Solved>>()
  readonly #trees = new Map<string, Promise<FileTree>>()
  readonly #fetched = new Set<string>()
  /** Images that progress has not been told of: they are fetched when a step needs them. */
  readonly #images = new Map<string, Step>()

  readonly #announced = new Set<string>()
  /** Steps whose layers an output wants as archives. */
  readonly #archived = new Set<string>()
  /** Of files that are read. */
  readonly #transfers = new Transfers()
  readonly #telling: Promise<void>[] = []

  constructor(request: SolverRequest) {
    this.#request = request
    this.#reporter = new Reporter(request.progress, request.session.signal)
    this.#cache = new StepCache(request.session, request.imports, request.epoch)
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

  /** An output will want the layers of this step, and of those below it, as archives. To be told before they are solved. */
  wantArchives({ digest, inputs, operation }: Step): void {
    if (this.#archived.has(digest)) return
    this.#archived.add(digest)
    const below = operation.type === 'merge' ? inputs : inputs.slice(0, 1)
    for (const input of below) this.wantArchives(input)
  }

  /** What was copied the last time is likely what is copied now; an archive is made where one is wanted and none is here. */
  #expect({ digest, operation }: Step, key: string): Pick<SealContext, 'expected' | 'archived'> {
    const { data } = this.#request.session.engine.paths
    const archived = this.#archived.has(digest)
    const diffId = operation.type === 'files' ? readStep(data, key)?.diffId : undefined
    if (diffId === undefined || !this.#holds(diffId)) return { expected: undefined, archived }
    return { expected: diffId, archived: archived && !existsSync(blobPath(data, diffId)) }
  }

  /** Tells progress of all steps that this one needs. */
  announce(step: Step): void {
    if (this.#announced.has(step.digest)) return
    this.#announced.add(step.digest)
    for (const input of step.inputs) this.announce(input)
    const { type } = step.operation
    if (type === 'run' || type === 'files') this.#reporter.planned(step)
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
    const name = { key, parents }
    const found = step.fresh ? undefined : this.#cache.find(step, name)
    const { made, isOwn } = found
      ? { made: found, isOwn: false }
      : await this.#request.together.once(
          key,
          () => this.#makeAnew(step, results, { ...name, base }),
          ({ diffId, steady }) => steady && this.#cache.keep(diffId),
        )
    if (!isOwn) this.#reporter.cached(step)
    return { result: { layers: [...base, made.diffId] }, ...name, createdAt: made.createdAt }
  }

  async #makeAnew(
    step: Step,
    results: readonly StepResult[],
    { base, ...name }: { key: string; parents: readonly string[]; base: readonly Digest[] },
  ): Promise<MadeLayer> {
    for (const input of step.inputs) await this.fetchImages(input)
    const expectation = this.#expect(step, name.key)
    const made = await this.#reporter
      .around(step, (vertex) => this.#execute(step, { results, base, vertex, ...expectation }))
      .catch(located(step))
    return this.#cache.remember(step, name, made)
  }

  async #execute(
    { operation }: Step,
    {
      base,
      ...given
    }: Omit<SealContext, 'session' | 'epoch'> & {
      results: readonly StepResult[]
      vertex: StepVertex
    },
  ): Promise<{ diffId: Digest; size: number; steady: boolean }> {
    const { session, surroundings, epoch } = this.#request
    await session.need(base)
    const shared = { ...given, session, base, epoch }
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

  /** Keeps a layer for the build; `false`: it is not here. */
  #holds(diffId: Digest): boolean {
    this.#request.session.hold([diffId])
    return this.#request.session.isHere(diffId)
  }

  #isHere(layers: readonly Digest[]): boolean {
    return layers.every((diffId) => this.#request.session.isHere(diffId))
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
