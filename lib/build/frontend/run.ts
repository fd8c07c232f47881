import { LighterError } from '../../core/errors.ts'
import type { Run } from '../../dockerfile/ast.ts'
import { DockerfileError } from '../../dockerfile/errors.ts'
import { readScript } from '../../dockerfile/heredoc.ts'
import { type Mount, readMount } from '../../dockerfile/mounts.ts'
import type { MountOperation, RunOperation, Step } from '../graph.ts'
import type { Conversion } from './conversion.ts'
import { PROXY_ARGS } from './global-args.ts'
import { makeStep } from './make-step.ts'
import { DEFAULT_PATH } from './settings.ts'
import { withShell } from './settings-instructions.ts'
import { filesOf } from './sources.ts'
import { addHistory, type StageState, stepName } from './stage.ts'

/** RUN: a command in the files of the stage so far. */
export async function runCommand(
  conversion: Conversion,
  state: StageState,
  run: Run,
): Promise<void> {
  const { command, args, scripts } = planCommand(state, run)
  const inputs: Step[] = [state.files]
  const mounts: MountOperation[] = []
  for (const flag of run.mounts) {
    const mount = expandMount(conversion, state, run, flag, mounts)
    mounts.push(await planMount(conversion, state, mount, inputs))
  }
  const operation: RunOperation = {
    type: 'run',
    meta: metaOf(conversion, state, run, args),
    env: runEnvironment(state),
    proxies: proxiesOf(conversion),
    mounts,
    scripts,
    platform: conversion.platformText(state.platform),
  }
  const { proxies: _notCounted, ...identity } = operation
  const shown = conversion.expander.shown(run.original, state.env)
  const step = makeStep(
    {
      name: stepName(state, shown, conversion.showPlatform),
      location: run.location,
      inputs,
      operation,
      fresh: state.fresh,
    },
    identity,
  )
  state.files = step
  addHistory(state, `RUN ${[...argWords(state), ...command].join(' ')} # buildkit`, step)
}

function metaOf(
  { options }: Conversion,
  { settings }: StageState,
  { network, security }: Run,
  args: readonly string[],
): RunOperation['meta'] {
  // A Dockerfile of somebody else's does not reach what listens on this host alone.
  if (network === 'host' && options.network !== 'host' && !options.allow.includes('network.host'))
    throw new LighterError('build', 'failed to load LLB: network.host is not allowed')
  if (security === 'insecure' && !options.allow.includes('security.insecure'))
    throw new LighterError('build', 'failed to load LLB: security.insecure is not allowed')
  const { shmSize, ulimits, cgroupParent, addHosts } = options
  return {
    args,
    cwd: settings.workingDir || '/',
    user: settings.user,
    network: network === 'default' ? options.network : network,
    security,
    hosts: addHosts,
    shmSize,
    ulimits,
    cgroupParent,
  }
}

/** The command line, the one for history, and the files that it needs. */
interface Planned {
  args: string[]
  command: string[]
  scripts: { path: string; content: string }[]
}

const SCRIPTS = '/dev/pipes'

function planCommand(state: StageState, { command, location }: Run): Planned {
  if (command.form === 'exec') return { args: command.args, command: command.args, scripts: [] }
  const script = readScript(command)
  if (script.kind === 'script') return shellCommand(state, script.text)
  const { name, content } = script
  if (/[/\0]/.test(name) || name === '..' || name === '.')
    throw new DockerfileError(`invalid name of a here-document: ${name}`, location)
  const path = `${SCRIPTS}/${name}`
  return { args: [path], command: [path], scripts: [{ path, content }] }
}

function shellCommand(state: StageState, text: string): Planned {
  const args = withShell(state, text)
  return { args, command: args, scripts: [] }
}

/** What history tells of build arguments: `|2 a=1 b=2`. */
function argWords({ args, env }: StageState): string[] {
  if (args.length === 0) return []
  const words = args.map(({ key, value }) => `${key}=${env.get(key) ?? value ?? ''}`)
  return [`|${words.length}`, ...words]
}

function runEnvironment({ env }: StageState): string[] {
  const entries = env.entries()
  return env.get('PATH') === undefined ? [...entries, `PATH=${DEFAULT_PATH}`] : entries
}

/** Programs look for these names in small letters or in capitals: they get both. */
const proxiesOf = ({ options }: Conversion): string[] =>
  Object.entries(options.buildArgs)
    .filter(([key]) => PROXY_ARGS.has(key))
    .flatMap(([key, value]) => [`${key.toUpperCase()}=${value}`, `${key.toLowerCase()}=${value}`])

/** A mount with its variables replaced; `before`: those of the instruction that come first. */
function expandMount(
  { expander }: Conversion,
  { env, settings }: StageState,
  { location }: Run,
  flag: Run['mounts'][number],
  before: readonly MountOperation[],
): Mount {
  const options = flag.options.map(({ key, value }) => ({
    key,
    value: value === undefined ? undefined : expander.word(value, env),
  }))
  const sockets = before.filter(({ type }) => type === 'ssh').length
  return readMount(options, location, settings.workingDir, sockets)
}

async function planMount(
  conversion: Conversion,
  state: StageState,
  mount: Mount,
  inputs: Step[],
): Promise<MountOperation> {
  const inputOf = async (from: string | undefined): Promise<number> => {
    const step =
      from === undefined ? conversion.inputs.context() : await filesOf(conversion, state, from)
    const at = inputs.indexOf(step)
    return at >= 0 ? at : inputs.push(step) - 1
  }
  switch (mount.type) {
    case 'bind':
      return {
        type: 'bind',
        input: await inputOf(mount.from),
        source: mount.source,
        target: mount.target,
        writable: mount.writable,
      }
    case 'cache': {
      const { from, ...rest } = mount
      return { ...rest, input: from === undefined ? undefined : await inputOf(from) }
    }
    default:
      return mount
  }
}
