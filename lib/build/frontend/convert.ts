import type { Dockerfile, Instruction } from '../../dockerfile/ast.ts'
import { DockerfileError } from '../../dockerfile/errors.ts'
import { parseTrigger } from '../../dockerfile/parse.ts'
import { parseImageConfig } from '../../oci/image.ts'
import { formatPlatform, type Platform, parsePlatform } from '../../oci/platform.ts'
import { located } from '../located.ts'
import type { BuildOptions } from '../options.ts'
import type { BaseImage, Conversion, Inputs } from './conversion.ts'
import { copyFiles } from './copy.ts'
import { globalArgs, type Platforms } from './global-args.ts'
import { scratch } from './make-step.ts'
import { runCommand } from './run.ts'
import { Environment, Expander } from './scope.ts'
import { copySettings, startSettings } from './settings.ts'
import * as settings from './settings-instructions.ts'
import { countSteps, type StageState } from './stage.ts'
import {
  checkCycles,
  findStage,
  findTarget,
  neededStages,
  type SourcesOf,
  stagesIn,
  takesFromElsewhere,
} from './stages.ts'

export interface ConvertRequest {
  dockerfile: Dockerfile
  options: BuildOptions
  platforms: Platforms
  inputs: Inputs
  showPlatform: boolean
  epoch: number | undefined
  /** Told which stages are needed, before any of them is begun. */
  onStages?: ((indices: readonly number[]) => void) | undefined
}

/** Goes through the stages that the target needs; those that stand beside each other, side by side. */
export async function convert(
  request: ConvertRequest,
): Promise<{ state: StageState; usedArgs: ReadonlySet<string> }> {
  const { dockerfile, options, platforms } = request
  const expander = new Expander(dockerfile.directives.escape)
  const globals = globalArgs(dockerfile, platforms, options, expander)
  const states = new Map<number, Promise<StageState>>()
  const conversion: Conversion = {
    ...request,
    expander,
    globals,
    usedArgs: new Set(dockerfile.metaArgs.flatMap(({ args }) => args.map(({ key }) => key))),
    platformText: formatPlatform,
    stateOf: (index) => {
      const state = states.get(index) ?? buildStage(conversion, index)
      states.set(index, state)
      return state
    },
  }
  const target = findTarget(dockerfile, options.target)
  checkCycles(dockerfile, sourcesOf(conversion))
  const needed = neededStages(target, sourcesOf(conversion))
  request.onStages?.(needed)
  // All at once: what one of them waits for, the others need not.
  const all = await Promise.allSettled(needed.map((index) => conversion.stateOf(index)))
  const failed = all.find((one) => one.status === 'rejected')
  if (failed) throw failed.reason
  return { state: await conversion.stateOf(target), usedArgs: conversion.usedArgs }
}

const sourcesOf =
  (conversion: Conversion): SourcesOf =>
  (index) => {
    const { dockerfile } = conversion
    const stage = dockerfile.stages[index]
    if (!stage) return []
    const base = stageBelow(conversion, index)
    return [...(base === undefined ? [] : [base]), ...stagesIn(dockerfile, stage)]
  }

/** The stage that a stage goes on from. A context of `--build-context` takes the place of a stage of that name. */
function stageBelow(conversion: Conversion, index: number): number | undefined {
  const { dockerfile, options } = conversion
  const name = baseName(conversion, index)
  return Object.hasOwn(options.contexts, name) ? undefined : findStage(dockerfile, name, index)
}

/** What a stage begins with, its variables replaced. */
function baseName({ dockerfile, expander, globals }: Conversion, index: number): string {
  const from = dockerfile.stages[index]?.from
  if (!from) return ''
  const name = expander.word(from.base, globals)
  if (name === '')
    throw new DockerfileError(`base name (${from.base}) should not be blank`, from.location)
  return name
}

async function buildStage(conversion: Conversion, index: number): Promise<StageState> {
  const { dockerfile, options } = conversion
  const stage = dockerfile.stages[index]
  if (!stage) throw new DockerfileError(`invalid stage index ${index}`)
  const platform = stagePlatform(conversion, index)
  const label = stageLabel(dockerfile, index)
  const fresh = options.noCache || options.noCacheFilter.includes(stage.from.as ?? String(index))
  const begun = { stage, index, label, platform, fresh, named: 0, args: [] }
  const base = baseName(conversion, index)
  const parent = stageBelow(conversion, index)
  const state =
    parent === undefined
      ? await startFrom(conversion, begun, base)
      : startOn(await conversion.stateOf(parent), begun)
  const triggers = state.settings.onBuild.map((text) => parseTrigger(text, stage.from.location))
  state.settings.onBuild = []
  state.total = countSteps(stage, triggers) + (parent === undefined && base !== 'scratch' ? 1 : 0)
  for (const instruction of [...triggers, ...stage.instructions])
    await dispatch(conversion, state, instruction)
  return state
}

type Begun = Pick<StageState, 'stage' | 'index' | 'label' | 'platform' | 'fresh' | 'named' | 'args'>

function startOn(parent: StageState, begun: Begun): StageState {
  const own = copySettings(parent.settings)
  return {
    ...begun,
    total: 0,
    files: parent.files,
    settings: own,
    env: parent.env.copy(),
    baseHistory: parent.baseHistory,
    history: [...parent.history],
    baseLayers: parent.baseLayers,
  }
}

async function startFrom(conversion: Conversion, begun: Begun, base: string): Promise<StageState> {
  const found = base === 'scratch' ? undefined : await findBase(conversion, begun, base)
  const own = startSettings(found?.config)
  const history = found?.config.raw.history
  return {
    ...begun,
    named: found ? 1 : 0,
    total: 0,
    files: found?.step ?? scratch(),
    settings: own,
    env: new Environment(own.env.entries()),
    baseHistory: Array.isArray(history) ? history : [],
    history: [],
    baseLayers: found?.layers ?? [],
  }
}

async function findBase(conversion: Conversion, begun: Begun, base: string): Promise<BaseImage> {
  const { inputs, showPlatform } = conversion
  const { stage, label, platform } = begun
  const total = countSteps(stage, []) + 1
  const count = `${'1'.padStart(String(total).length)}/${total}`
  const prefix = [showPlatform ? formatPlatform(platform) : '', label, count].filter(Boolean)
  const name = (full: string): string => `[${prefix.join(' ')}] FROM ${full}`
  const named = await inputs.named(base, platform)
  if (named && 'files' in named)
    return { step: named.files, config: parseImageConfig(Buffer.from('{}')), layers: [] }
  const found = named ?? (await inputs.image(base, platform, name).catch(located(stage.from)))
  return { ...found, step: { ...found.step, location: stage.from.location } }
}

function stagePlatform(
  { dockerfile, expander, globals, platforms }: Conversion,
  index: number,
): Platform {
  const from = dockerfile.stages[index]?.from
  if (from?.platform === undefined) return platforms.target
  const text = expander.word(from.platform, globals)
  if (text === '')
    throw new DockerfileError(
      `empty platform value from expression ${from.platform}`,
      from.location,
    )
  try {
    return parsePlatform(text)
  } catch (error) {
    throw new DockerfileError(
      `failed to parse platform ${text}: ${(error as Error).message}`,
      from.location,
    )
  }
}

/** A stage on its own needs no name; what it takes from elsewhere BuildKit counts as another one. */
const stageLabel = ({ stages }: Dockerfile, index: number): string => {
  const isAlone = stages.length === 1 && !stages.some(takesFromElsewhere)
  return isAlone ? '' : (stages[index]?.from.as ?? `stage-${index}`)
}

async function dispatch(
  conversion: Conversion,
  state: StageState,
  instruction: Instruction,
): Promise<void> {
  await dispatchOne(conversion, state, instruction).catch(located(instruction))
}

async function dispatchOne(
  conversion: Conversion,
  state: StageState,
  instruction: Instruction,
): Promise<void> {
  switch (instruction.kind) {
    case 'RUN':
      return await runCommand(conversion, state, instruction)
    case 'COPY':
    case 'ADD':
      return await copyFiles(conversion, state, instruction)
    case 'ENV':
      return settings.setEnv(conversion, state, instruction)
    case 'LABEL':
      return settings.setLabels(conversion, state, instruction)
    case 'ARG':
      return settings.setArgs(conversion, state, instruction)
    case 'CMD':
    case 'ENTRYPOINT':
      return settings.setCommand(state, instruction)
    case 'EXPOSE':
      return settings.exposePorts(conversion, state, instruction)
    case 'VOLUME':
      return settings.addVolumes(conversion, state, instruction)
    case 'USER':
      return settings.setUser(conversion, state, instruction)
    case 'WORKDIR':
      return settings.setWorkdir(conversion, state, instruction)
    case 'STOPSIGNAL':
      return settings.setStopSignal(conversion, state, instruction)
    case 'MAINTAINER':
      return settings.setMaintainer(state, instruction)
    case 'SHELL':
      return settings.setShell(state, instruction)
    case 'ONBUILD':
      return settings.addTrigger(state, instruction)
    case 'HEALTHCHECK':
      return settings.setHealthcheck(state, instruction)
    case 'FROM':
      throw new DockerfileError('FROM is no instruction of a stage', instruction.location)
  }
}
