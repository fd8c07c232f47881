import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { LighterError } from '../core/errors.ts'
import type { Engine } from '../engine.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'
import { replaceFile } from '../fs/replace.ts'
import type { RuntimeSpec, SpecResources } from '../oci/runtime-spec.ts'
import { Hold } from '../runtime/hold.ts'
import type { Plan } from '../runtime/plan.ts'
import { type Container, readContainer } from './catalog.ts'
import type { ContainerRecord } from './record.ts'

/** A container that nobody else can change meanwhile. */
export interface HeldContainer extends Container {
  /** Replaces the record. A start that was prepared from the old one is prepared again. */
  save(record: ContainerRecord): void
  /**
   * Waits while it is being started or is ending. Then it runs, with a plan made from the record before or after the change,
   * or nobody can start it until the change is over.
   */
  settled(): Promise<void>
}

/** Changes a container as the only one who does: what others changed before is in the record it gets. Throws `no-such-container`. */
export async function changeContainer<Result>(
  engine: Engine,
  { record: { id }, directory }: Container,
  change: (held: HeldContainer) => Promise<Result>,
): Promise<Result> {
  const gone = (): LighterError => new LighterError('no-such-container', `No such container: ${id}`)
  using hold = await Hold.open(engine.native().program, directory).catch((error: unknown) => {
    throw existsSync(directory) ? error : gone()
  })
  const current = readContainer(engine.paths.data, id)
  if (!current) throw gone()
  return await change({
    ...current,
    save: (record) =>
      replaceFile(join(directory, 'container.json'), `${JSON.stringify(record)}\n`, true),
    settled: () => hold.settled(),
  })
}

const MAX_PLAN = 1024 * 1024

/** Changes what the monitor reads again: of a container that is settled. */
export function changePlan(directory: string, change: Partial<Plan>): void {
  const path = join(directory, 'plan.json')
  const plan = parseJson(readSmallFile(path, MAX_PLAN)) as Partial<Plan> | undefined
  if (plan) replaceFile(path, JSON.stringify({ ...plan, ...change }))
}

const MAX_SPEC = 16 * 1024 * 1024

/** Changes the limits that the monitor gives the next run of the process, when it starts it again by itself. */
export function changeLimits(directory: string, resources: SpecResources | undefined): void {
  const path = join(directory, 'bundle/config.json')
  const bytes = readSmallFile(path, MAX_SPEC)
  if (bytes === undefined) return
  const spec: RuntimeSpec = JSON.parse(bytes.toString('utf8'), keepNumber)
  delete spec.linux.resources
  if (resources) spec.linux.resources = resources
  replaceFile(path, JSON.stringify(spec))
}

/** What no number of JavaScript holds (seccomp compares 64 bits) stays as it is written. */
const keepNumber = (_: string, value: unknown, context?: { source?: string }): unknown =>
  typeof value === 'number' && !Number.isSafeInteger(value) && context?.source !== undefined
    ? JSON.rawJSON(context.source)
    : value
