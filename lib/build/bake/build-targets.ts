import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { lazyCrypto } from '../../core/lazy.ts'
import type { Engine } from '../../engine.ts'
import { makeDraft } from '../../fs/drafts.ts'
import { ownIdentity } from '../../host/process.ts'
import { type BuildOutcome, buildImages } from '../build.ts'
import type { BuildOptions } from '../options.ts'
import type { BuildProgress } from '../progress.ts'
import { StepsTogether } from '../solver/together.ts'
import type { Source } from './hcl/source.ts'
import { withPrefix } from './prefixed.ts'
import { linksOf, type Plan } from './resolve.ts'

/** So many targets at once: each of them does several steps at once itself. */
const PARALLEL = 4
const LINK = 'target:'

/** What is needed to build the targets of a plan. */
export interface TargetsRequest {
  plan: Plan
  /** Of each target, by its name. */
  options: ReadonlyMap<string, BuildOptions>
  progress: BuildProgress
  signal: AbortSignal
}

/**
 * Builds targets, each after those that its contexts name, and otherwise beside each other; what only others stand on is given away to
 * nobody else. Returns what each made. Throws what the first that fails has thrown, when all have come to their end.
 */
export async function buildTargets(
  engine: Engine,
  request: TargetsRequest,
): Promise<Map<string, BuildOutcome>> {
  const { plan, signal } = request
  const directory = plan.targets.size > 1 ? makeDraft(engine.paths.data, ownIdentity()) : undefined
  const stop = new AbortController()
  const outcomes = new Map<string, BuildOutcome>()
  const building = new Map<string, Promise<void>>()
  const slots = new Slots(PARALLEL)
  const together = new StepsTogether()
  const used = new Set([...plan.targets.values()].flatMap(linksOf))
  const build = async (name: string): Promise<void> => {
    const target = plan.targets.get(name)
    await Promise.all((target ? linksOf(target) : []).map(begin))
    using _slot = await slots.take()
    stop.signal.throwIfAborted()
    const progress = plan.targets.size > 1 ? withPrefix(request.progress, name) : request.progress
    const options = optionsOf(request, name, directory)
    const given = { engine, progress, together, signal: AbortSignal.any([signal, stop.signal]) }
    if (used.has(name)) await buildLink(given, options, layoutOf(directory, name))
    if (!plan.linked.has(name)) {
      outcomes.set(name, await buildImages(engine, options, progress, given.signal, together))
    }
  }
  const begin = (name: string): Promise<void> => {
    const begun = building.get(name) ?? build(name)
    building.set(name, begun)
    return begun
  }
  try {
    const failures: unknown[] = []
    const fail = (error: unknown): void => {
      failures.push(error)
      stop.abort(new Error('context canceled'))
    }
    await Promise.all([...plan.targets.keys()].map((name) => begin(name).catch(fail)))
    if (failures.length > 0) throw failures[0]
    return outcomes
  } finally {
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true })
  }
}

const layoutOf = (directory: string | undefined, name: string): string =>
  join(directory ?? '', name)

/** The step with which buildx's progress begins: files that were read. */
export function tellDefinitions(progress: BuildProgress, sources: readonly Source[]): void {
  const now = new Date()
  const digest = `sha256:${lazyCrypto().createHash('sha256').update('definitions').digest('hex')}`
  const times = { started: now, completed: now }
  const vertex = { digest, inputs: [], name: '[internal] load local bake definitions' }
  progress.vertex({ ...vertex, started: now })
  for (const { name, text } of sources) {
    const size = Buffer.byteLength(text)
    const id = `reading ${name}`
    progress.status({ id, vertex: digest, total: size, current: size, timestamp: now, ...times })
  }
  progress.vertex({ ...vertex, ...times })
}

/** Contexts that are other targets lead to where those are put. */
function optionsOf(
  { options }: TargetsRequest,
  name: string,
  directory: string | undefined,
): BuildOptions {
  const own = options.get(name)
  if (!own) throw new Error(`a target without options: ${name}`)
  const contexts = Object.entries(own.contexts).map(([context, place]) => [
    context,
    place.startsWith(LINK)
      ? `oci-layout://${layoutOf(directory, place.slice(LINK.length))}`
      : place,
  ])
  return { ...own, contexts: Object.fromEntries(contexts) }
}

interface Given {
  engine: Engine
  progress: BuildProgress
  signal: AbortSignal
  together: StepsTogether
}

/** An image for other targets alone: files of a layout, without a name or an attestation. */
async function buildLink(
  { engine, progress, signal, together }: Given,
  options: BuildOptions,
  destination: string,
): Promise<void> {
  const attributes = { tar: 'false', compression: 'uncompressed' }
  await buildImages(
    engine,
    {
      ...options,
      tags: [],
      annotations: [],
      cacheTo: [],
      outputs: [{ type: 'oci', destination, attributes }],
      attests: [{ type: 'provenance', disabled: true, attributes: {} }],
    },
    progress,
    signal,
    together,
  )
}

/** Lets so many go on at a time. */
class Slots {
  readonly #waiting: (() => void)[] = []
  #free: number

  constructor(count: number) {
    this.#free = count
  }

  async take(): Promise<Disposable> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    return {
      [Symbol.dispose]: () => {
        const next = this.#waiting.shift()
        if (next) next()
        else this.#free++
      },
    }
  }
}
