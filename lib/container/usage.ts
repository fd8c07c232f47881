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
  /** Bytes, without the page cache that can be given back. */
  memory: number
  memoryLimit: number
  received: number
  sent: number
  blocksRead: number
  blocksWritten: number
  /** Processes and threads. */
  tasks: number
}

/**
 * What a container uses, given its id and its first process: told by its cgroup where it has one, else added up over its
 * processes, which leaves out what those used that have ended. `undefined` when it has ended.
 */
export function measureUsage(id: string, first: number, tree: ProcessTree): Usage | undefined {
  const net = readNetwork(first)
  if (!net) return undefined
  const cgroup = findCgroup(id, first)
  const told = cgroup === undefined ? undefined : measureCgroup(cgroup)
  const own = told ?? measureProcesses(first, tree)
  return { at: performance.now(), ...own, ...net }
}

type Own = Omit<Usage, 'at' | 'received' | 'sent'>

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
  const micro = field(read('cpu.stat'), 'usage_usec')
  const tasks = read('pids.current')
  if (current === undefined || micro === undefined || tasks === undefined) return undefined
  const inactive = field(read('memory.stat'), 'inactive_file') ?? 0
  const limit = read('memory.max')?.trim()
  const total = hostMemory()
  const io = read('io.stat') ?? ''
  return {
    cpu: micro / 1000,
    memory: Math.max(0, Number(current) - inactive),
    memoryLimit: limit === undefined || limit === 'max' ? total : Math.min(total, Number(limit)),
    blocksRead: sumOf(io, /rbytes=(\d+)/g),
    blocksWritten: sumOf(io, /wbytes=(\d+)/g),
    tasks: Number(tasks),
  }
}

/** Clock ticks of a second in /proc/PID/stat: 100 on every Linux that Node runs on. */
const TICKS = 100

function measureProcesses(first: number, tree: ProcessTree): Own {
  const sum: Own = {
    cpu: 0,
    memory: 0,
    memoryLimit: hostMemory(),
    blocksRead: 0,
    blocksWritten: 0,
    tasks: 0,
  }
  for (const pid of containerProcesses(first, tree)) {
    const stat = readProcFile(pid, 'stat')
    if (stat === undefined) continue
    // From the state on, which follows the command in parentheses (proc_pid_stat(5), field 3).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const ticks = [11, 12, 13, 14].reduce((total, index) => total + Number(fields[index]), 0)
    sum.cpu += (ticks * 1000) / TICKS
    sum.tasks += Number(fields[17])
    sum.memory += (field(readProcFile(pid, 'smaps_rollup'), 'Pss:') ?? 0) * 1024
    const io = readProcFile(pid, 'io')
    sum.blocksRead += field(io, 'read_bytes:') ?? 0
    sum.blocksWritten += field(io, 'write_bytes:') ?? 0
  }
  return sum
}

/** Bytes over all interfaces of its own; those of the host are not the container's. */
function readNetwork(first: number): Pick<Usage, 'received' | 'sent'> | undefined {
  const text = readProcFile(first, 'net/dev')
  if (text === undefined) return undefined
  const counters = { received: 0, sent: 0 }
  if (namespaceOf(first, 'net') === namespaceOf(process.pid, 'net')) return counters
  for (const line of text.split('\n').slice(2)) {
    const [name = '', numbers] = line.split(':')
    if (numbers === undefined || name.trim() === 'lo') continue
    const values = numbers.trim().split(/\s+/).map(Number)
    counters.received += values[0] ?? 0
    counters.sent += values[8] ?? 0
  }
  return counters
}

const hostMemory = (): number => lazyOs().totalmem()

function field(text: string | undefined, name: string): number | undefined {
  const line = text?.split('\n').find((candidate) => candidate.startsWith(name))
  const value = line?.slice(name.length).trim().split(/\s+/)[0]
  return value === undefined ? undefined : Number(value)
}

const sumOf = (text: string, pattern: RegExp): number =>
  [...text.matchAll(pattern)].reduce((sum, [, value]) => sum + Number(value), 0)

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES', 'ENODEV')) return undefined
    throw error
  }
}
