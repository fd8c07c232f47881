import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { newContainerId } from '../../core/ids.ts'
import type { Engine } from '../../engine.ts'
import { makeOpenDirectory, spaceError, writeNewFile } from '../../fs/replace.ts'
import { launchStep } from './launch.ts'
import { prepareMounts, type StepMounts } from './mounts.ts'
import { stepHosts, stepResolvConf } from './names.ts'
import type { RunOutcome, RunRequest } from './request.ts'
import { type StepPlaces, stepPlaces, stepPlan } from './step-plan.ts'
import { stepRecord } from './step-record.ts'
import { STEP_FILES, stepSpec } from './step-spec.ts'
import { findStepDriver, lowerTrees, type StepDriver } from './trees.ts'

/**
 * Runs one step and returns how it ended; what cannot be executed ends with 1 and a line on its standard error, as in BuildKit. Throws
 * `bad-input` for a user that is not there, `platform-mismatch` for a platform that this machine cannot run, and the reason of the signal
 * when that is aborted: nothing of the step is left then. Everything in `request.directory` but `upper` is of no use afterwards.
 */
export async function runStep(engine: Engine, request: RunRequest): Promise<RunOutcome> {
  request.signal.throwIfAborted()
  if (request.platform !== '') await checkPlatform(request.platform)
  const driver = await findStepDriver(engine)
  const places = stepPlaces(request.directory)
  const mounts = await prepare(engine, request, driver, places)
  try {
    const { exitCode, signal, oomKilled } = await launchStep(
      engine.native().program,
      places.directory,
      mounts.secrets,
      request,
    )
    const placeholders = readStubs(join(places.directory, STUBS))
    return { exitCode, signal, oomKilled, upper: places.upper, placeholders }
  } finally {
    mounts.close()
  }
}

const STUBS = 'stubs.json'

/** Nearly all steps are for this machine. */
async function checkPlatform(text: string): Promise<void> {
  const { hostPlatform, formatPlatform } = await import('../../oci/platform.ts')
  if (text === formatPlatform(hostPlatform())) return
  const { requireHandler } = await import('./foreign-programs.ts')
  requireHandler(text)
}

/** Writes everything that the native program reads. */
async function prepare(
  engine: Engine,
  request: RunRequest,
  driver: StepDriver,
  places: StepPlaces,
): Promise<StepMounts> {
  const { directory, upper, work } = places
  const record = stepRecord(newContainerId(), request, driver.driver)
  mkdirSync(join(directory, 'bundle'), { recursive: true, mode: 0o700 })
  // They become the root directory of the step, which every user in it must be able to pass.
  for (const path of [upper, join(directory, 'bundle/rootfs')]) makeOpenDirectory(path)
  mkdirSync(work, { mode: 0o700 })
  const mounts = await prepareMounts(engine, driver, directory, request.mounts)
  try {
    const spec = stepSpec(engine, record, directory, mounts.mounts)
    const lower = lowerTrees(engine, request.layers, directory)
    const plan = stepPlan(
      engine,
      record,
      { ...driver, lower, upper, work },
      {
        stubs: join(directory, STUBS),
        targets: targetsOf(mounts),
        sources: mounts.sources,
      },
    )
    const write = (name: string, text: string, mode?: number): void =>
      writeNewFile(join(directory, name), text, mode)
    write('hosts', stepHosts(request.hosts), SHARED)
    write('resolv.conf', stepResolvConf(record.host.networkMode), SHARED)
    write('bundle/config.json', JSON.stringify(spec))
    write('plan.json', JSON.stringify(plan))
  } catch (error) {
    mounts.close()
    throw spaceError(error, directory)
  }
  return mounts
}

/** For every user of the step; the directory around it is closed to the host's. */
const SHARED = 0o644

/** What the kernel shows, and what is in memory already, leaves no trace in the root filesystem. */
const targetsOf = ({ mounts }: StepMounts): string[] =>
  [
    ...STEP_FILES.map(([, destination]) => destination),
    ...mounts.map(({ destination }) => destination),
  ].filter((path) => !/^\/(dev|proc|sys)\//.test(path))

/** Written by the native program before the step began. */
function readStubs(path: string): string[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return []
  }
  const { stubs } = JSON.parse(text) as { stubs: string[] }
  return [...new Set(stubs)]
}
