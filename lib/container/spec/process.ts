import { readFileSync } from 'node:fs'
import type { RawNumber, SpecLimit, SpecProcess } from '../../oci/runtime-spec.ts'
import type { Ulimit } from '../options.ts'
import { type ContainerRecord, commandOf } from '../record.ts'
import { INIT_PATH } from './mounts.ts'

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** What a process has of its surroundings. */
export interface ProcessWorld {
  capabilities: string[]
  noNewPrivileges: boolean
  /** The limit on open files that this user may have. */
  openFiles: number | undefined
  ulimits?: Ulimit[] | undefined
  oomScoreAdj?: number | undefined
  /** What devices add to the environment. */
  env?: string[] | undefined
}

/** The first process of a container. User ids are resolved by the native program inside the root filesystem. */
export function buildProcess(record: ContainerRecord, world: ProcessWorld): SpecProcess {
  const { config, host } = record
  const command = commandOf(record)
  return describeProcess(world, {
    args: host.init ? [INIT_PATH, '--', ...command] : command,
    env: mergeEnvironment(containerEnvironment(record, config.tty), world.env ?? []),
    cwd: config.workingDir || '/',
    terminal: config.tty,
    consoleSize: host.consoleSize,
  })
}

export interface ProcessShape {
  args: string[]
  env: string[]
  cwd: string
  terminal: boolean
  consoleSize: [number, number]
}

/** A process object, of the container itself or of an `exec`. */
export function describeProcess(world: ProcessWorld, shape: ProcessShape): SpecProcess {
  const { capabilities, openFiles } = world
  const [height, width] = shape.consoleSize
  return {
    terminal: shape.terminal,
    ...(shape.terminal && height > 0 && width > 0 ? { consoleSize: { height, width } } : {}),
    user: { uid: 0, gid: 0 },
    args: shape.args,
    env: shape.env,
    cwd: shape.cwd,
    capabilities: {
      bounding: capabilities,
      effective: capabilities,
      permitted: capabilities,
    },
    rlimits: resourceLimits(openFiles, world.ulimits ?? []),
    ...(world.oomScoreAdj === undefined
      ? {}
      : { oomScoreAdj: reachableOomScore(world.oomScoreAdj) }),
    noNewPrivileges: world.noNewPrivileges,
  }
}

function resourceLimits(openFiles: number | undefined, ulimits: Ulimit[]): SpecLimit[] {
  const own = ulimits.map(({ name, soft, hard }) => ({
    type: `RLIMIT_${name.toUpperCase()}`,
    soft: limitValue(soft),
    hard: limitValue(hard),
  }))
  if (openFiles === undefined || ulimits.some(({ name }) => name === 'nofile')) return own
  return [{ type: 'RLIMIT_NOFILE', soft: openFiles, hard: openFiles }, ...own]
}

/** No limit is the largest number of 64 bits, more than a number of JavaScript can say. */
const limitValue = (value: number): number | RawNumber =>
  value < 0 ? JSON.rawJSON('18446744073709551615') : value

/** An ordinary user's process cannot become more worth keeping than it is. */
function reachableOomScore(wanted: number): number {
  if (process.getuid?.() === 0) return wanted
  return Math.max(wanted, Number(readFileSync('/proc/self/oom_score_adj', 'latin1')))
}

/** The environment of every process of a container; HOME is added where the user is known. */
export function containerEnvironment(record: ContainerRecord, terminal: boolean): string[] {
  const base = [
    DEFAULT_PATH,
    `HOSTNAME=${record.config.hostname}`,
    ...(terminal ? ['TERM=xterm'] : []),
  ]
  return mergeEnvironment(base, record.config.env)
}

/** Later entries replace earlier ones in their place; a name without `=` takes away what the base has of it. */
export function mergeEnvironment(base: string[], over: string[]): string[] {
  const values = new Map<string, string>()
  for (const entry of base) values.set(nameOf(entry), entry)
  const given = new Set(values.keys())
  for (const entry of over) {
    const name = nameOf(entry)
    if (name === '') continue
    if (entry.includes('=')) values.set(name, entry)
    else if (given.has(name)) values.delete(name)
  }
  return [...values.values()]
}

export const nameOf = (entry: string): string => {
  const equals = entry.indexOf('=')
  return equals < 0 ? entry : entry.slice(0, equals)
}
