import type { Dockerfile } from '../dockerfile/ast.ts'
import { DockerfileError } from '../dockerfile/errors.ts'
import { hostPlatform, type Platform } from '../oci/platform.ts'
import type { Inputs } from './frontend/conversion.ts'
import { convert } from './frontend/convert.ts'
import { type Settings, settingsDocument } from './frontend/settings.ts'
import type { HistoryLine, StageState } from './frontend/stage.ts'
import type { BuildOptions } from './options.ts'
import type { BuiltImage } from './result.ts'
import type { BuildSession } from './session.ts'
import type { Solved, Solver } from './solver/solver.ts'

export interface PlatformRequest {
  session: BuildSession
  solver: Solver
  dockerfile: Dockerfile
  options: BuildOptions
  inputs: Inputs
  platform: Platform
  /** There are others beside it. */
  showPlatform: boolean
  /** Seconds since 1970. */
  epoch: number | undefined
  /** An output wants the layers as archives. */
  archived: boolean
  /** Told which stages are needed. */
  onStages(indices: readonly number[]): void
}

export interface PlatformBuild {
  image: BuiltImage
  state: StageState
  usedArgs: ReadonlySet<string>
}

/** Builds the target for one platform. */
export async function buildPlatform(request: PlatformRequest): Promise<PlatformBuild> {
  const { session, solver, dockerfile, options, platform, epoch } = request
  const { state, usedArgs } = await convert({
    dockerfile,
    options,
    platforms: { build: hostPlatform(), target: platform },
    inputs: request.inputs,
    showPlatform: request.showPlatform,
    epoch,
    onStages: request.onStages,
  })
  if (request.archived) solver.wantArchives(state.files)
  solver.announce(state.files)
  const { result } = await solver.solve(state.files)
  await solver.fetchImages(state.files)
  if (!('layers' in result))
    throw new DockerfileError('a stage cannot begin with files that are no image')
  for (const [key, value] of Object.entries(options.labels)) state.settings.labels.set(key, value)
  const history = await writeHistory(state, solver)
  const image: BuiltImage = {
    platform: state.platform,
    layers: result.layers,
    origins: session.origins,
    archives: session.archives,
    config: configOf(state, history),
    base: { layers: state.baseLayers.length, history: state.baseHistory.length },
    materials: session.materials,
  }
  return { image, state, usedArgs }
}

interface HistoryEntry {
  created?: string
  created_by?: string
  comment?: string
  empty_layer?: boolean
  author?: string
}

function configOf(
  { platform, settings }: StageState,
  history: readonly HistoryEntry[],
): Readonly<Record<string, unknown>> {
  const { architecture, os, variant } = platform
  const created = history.at(-1)?.created
  return {
    architecture,
    os,
    ...(variant === '' ? {} : { variant }),
    ...authorOf(settings),
    ...(created === undefined ? {} : { created }),
    config: settingsDocument(settings),
    history,
  }
}

const authorOf = ({ author }: Settings): { author?: string } =>
  author === undefined ? {} : { author }

/**
 * The history of the base, and a line for each instruction. A line with a layer has the time at which that was made; others the time
 * of the line before them, the first ones that of the first new layer, so that a build of nothing new makes the same image.
 */
async function writeHistory(
  { baseHistory, history }: StageState,
  solver: Solver,
): Promise<HistoryEntry[]> {
  const base = baseHistory.filter((entry) => typeof entry === 'object' && entry !== null)
  const times = await Promise.all(history.map((line) => timeOf(line, solver)))
  let time = times.find((one) => one !== undefined) ?? lastTime(base)
  const lines = history.map(({ createdBy, comment, step }, index): HistoryEntry => {
    time = times[index] ?? time
    return {
      ...(time === undefined ? {} : { created: time }),
      created_by: createdBy,
      comment,
      ...(step ? {} : { empty_layer: true }),
    }
  })
  return [...(base as HistoryEntry[]), ...lines]
}

async function timeOf({ step }: HistoryLine, solver: Solver): Promise<string | undefined> {
  if (!step) return undefined
  const solved: Solved = await solver.solve(step)
  return solved.createdAt
}

function lastTime(history: readonly unknown[]): string | undefined {
  const last = history.findLast((entry) => (entry as HistoryEntry).created !== undefined)
  return (last as HistoryEntry | undefined)?.created
}
