import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno } from '../core/errors.ts'
import { lazyOs } from '../core/lazy.ts'
import { readCgroups, unifiedPath } from '../host/cgroups.ts'
import { containerProcesses, namespaceOf, type ProcessTree, readProcFile } from './processes.ts'

/** What a container uses: counters since its start, and levels of this moment. */
export interface Usage {
  /** When it was looked at, in milliseconds of a clock that only goes forward. */
  at: number
  /** Processor time in milliseconds. */
  cpu: number
  /** Of it what the processes used themselves, and what the kernel used for them. */
  cpuUser: number
  cpuKernel: number
  throttling: Throttling
  /** Bytes, without the page cache that can be given back. */
  memory: number
  memoryLimit: number
  /** What the kernel says of it, in its own words and in bytes or pages; empty without a cgroup. */
  memoryDetails: Readonly<Record<string, number>>
  received: number
  sent: number
  /** By the names of the container's own interfaces. */
  interfaces: Readonly<Record<string, InterfaceCounters>>
  blocksRead: number
  blocksWritten: number
  devices: readonly DeviceCounters[]
  /** Processes and threads. */
  tasks: number
  /** As many as it may have; `undefined`: no limit. */
  tasksLimit: number | undefined
}

/** How often, and how long (milliseconds), a limit kept the processes waiting. */
export interface Throttling {
  periods: number
  throttled: number
  time: number
}

export interface InterfaceCounters {
  received: PacketCounters
  sent: PacketCounters
}

export interface PacketCounters {
  bytes: number
  packets: number
  errors: number
  dropped: number
}

/** Bytes that went from and to a block device; 0:0 is all together, where it is not known which. */
export interface DeviceCounters {
  major: number
  minor: number
  read: number
  written: number
}

/**
 * What a container uses, given its id and its first process: told by its cgroup where it has one, else added up over its
 * processes, which leaves out what those used that have ended. `undefined` when it has ended.
 */
export function measureUsage(
  id: string,
  first: number,
  tree: () => ProcessTree,
): Usage | undefined {
  const net = readNetwork(first)
  if (!net) return undefined
  const cgroup = findCgroup(id, first)
  const told = cgroup === undefined ? undefined : measureCgroup(cgroup)
  const own = told ?? measureProcesses(first, tree())
  return { at: performance.now(), ...own, ...net }
}

type Own = Omit<Usage, 'at' | 'received' | 'sent' | 'interfaces'>

/** The cgroup v2 directory that is the container's alone. */
function findCgroup(id: string, first: number): string | undefined {
  const path = unifiedPath(readProcFile(first, 'cgroup') ?? '')
  if (!path?.includes(id)) return undefined
  const { mount } = readCgroups(process.getuid?.() ?? 0)
  return mount ? join(mount, path) : undefined
}

/** `undefined` where the controllers are missing that would tell. */
function measureCgroup(directory: string): Own | undefined {
  const read = (name: string): string | undefined => readText(join(directory, name))
  const current = read('memory.current')
  const cpu = numbersOf(read('cpu.stat') ?? '')
  const micro = cpu.usage_usec
  const tasks = read('pids.current')
  if (current === undefined || micro === undefined || tasks === undefined) return undefined
  const memoryDetails = numbersOf(read('memory.stat') ?? '')
  const limit = read('memory.max')?.trim()
  const total = hostMemory()
  const devices = (read('io.stat') ?? '').split('\n').flatMap(readDevice)
  const tasksLimit = Number(read('pids.max'))
  return {
    cpu: micro / 1000,
    cpuUser: (cpu.user_usec ?? 0) / 1000,
    cpuKernel: (cpu.system_usec ?? 0) / 1000,
    throttling: {
      periods: cpu.nr_periods ?? 0,
      throttled: cpu.nr_throttled ?? 0,
      time: (cpu.throttled_usec ?? 0) / 1000,
    },
    memory: Math.max(0, Number(current) - (memoryDetails.inactive_file ?? 0)),
    memoryDetails,
    memoryLimit: limit === undefined || limit === 'max' ? total : Math.min(total, Number(limit)),
    blocksRead: devices.reduce((sum, { read }) => sum + read, 0),
    blocksWritten: devices.reduce((sum, { written }) => sum + written, 0),
    devices,
    tasks: Number(tasks),
    // `max` is no number.
    tasksLimit: Number.isNaN(tasksLimit) ? undefined : tasksLimit,
  }
}

/** `8:0 rbytes=1 wbytes=2 …` */
function readDevice(line: string): DeviceCounters[] {
  const [, major, minor] = /^(\d+):(\d+) /.exec(line) ?? []
  if (major === undefined) return []
  const count = (name: string): number => Number(new RegExp(`${name}=(\\d+)`).exec(line)?.[1] ?? 0)
  return [
    {
      major: Number(major),
      minor: Number(minor),
      read: count('rbytes'),
      written: count('wbytes'),
    },
  ]
}

/** Clock ticks of a second in /proc/PID/stat: 100 on every Linux that Node runs on. */
const TICKS = 100

function measureProcesses(first: number, tree: ProcessTree): Own {
  const sum: Own = {
    cpu: 0,
    cpuUser: 0,
    cpuKernel: 0,
    throttling: { periods: 0, throttled: 0, time: 0 },
    memory: 0,
    memoryLimit: hostMemory(),
    memoryDetails: {},
    blocksRead: 0,
    blocksWritten: 0,
    devices: [],
    tasks: 0,
    tasksLimit: undefined,
  }
  for (const pid of containerProcesses(first, tree)) {
    const stat = readProcFile(pid, 'stat')
    if (stat === undefined) continue
    // From the state on, which follows the command in parentheses (proc_pid_stat(5), field 3).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const time = (...indices: number[]): number =>
      (indices.reduce((total, index) => total + Number(fields[index]), 0) * 1000) / TICKS
    sum.cpuUser += time(11, 13)
    sum.cpuKernel += time(12, 14)
    sum.tasks += Number(fields[17])
    sum.memory += (field(readProcFile(pid, 'smaps_rollup'), 'Pss:') ?? 0) * 1024
    const io = readProcFile(pid, 'io')
    sum.blocksRead += field(io, 'read_bytes:') ?? 0
    sum.blocksWritten += field(io, 'write_bytes:') ?? 0
  }
  sum.cpu = sum.cpuUser + sum.cpuKernel
  sum.devices = [{ major: 0, minor: 0, read: sum.blocksRead, written: sum.blocksWritten }]
  return sum
}

/** Its own interfaces; those of the host are not the container's. */
function readNetwork(first: number): Pick<Usage, 'received' | 'sent' | 'interfaces'> | undefined {
  const text = readProcFile(first, 'net/dev')
  if (text === undefined) return undefined
  const interfaces: Record<string, InterfaceCounters> = {}
  if (namespaceOf(first, 'net') === namespaceOf(process.pid, 'net')) {
    return { received: 0, sent: 0, interfaces }
  }
  for (const line of text.split('\n').slice(2)) {
    const [name = '', numbers] = line.split(':')
    if (numbers === undefined || name.trim() === 'lo') continue
    const values = numbers.trim().split(/\s+/).map(Number)
    interfaces[name.trim()] = { received: packets(values, 0), sent: packets(values, 8) }
  }
  const all = Object.values(interfaces)
  return {
    received: all.reduce((sum, { received }) => sum + received.bytes, 0),
    sent: all.reduce((sum, { sent }) => sum + sent.bytes, 0),
    interfaces,
  }
}

/** Four columns of /proc/net/dev. */
function packets(values: readonly number[], at: number): PacketCounters {
  const [bytes = 0, count = 0, errors = 0, dropped = 0] = values.slice(at, at + 4)
  return { bytes, packets: count, errors, dropped }
}

const hostMemory = (): number => lazyOs().totalmem()

function field(text: string | undefined, name: string): number | undefined {
  const line = text?.split('\n').find((candidate) => candidate.startsWith(name))
  const value = line?.slice(name.length).trim().split(/\s+/)[0]
  return value === undefined ? undefined : Number(value)
}

/** Lines like `anon 4096`. */
const numbersOf = (text: string): Record<string, number> =>
  Object.fromEntries(
    [...text.matchAll(/^(\S+) (\d+)$/gm)].map(([, name = '', value]) => [name, Number(value)]),
  )

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES', 'ENODEV')) return undefined
    throw error
  }
}
