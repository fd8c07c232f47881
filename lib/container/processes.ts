import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { isErrno } from '../core/errors.ts'

/** Why a look at a process fails that ended meanwhile, or that is somebody else's. */
const GONE = ['ENOENT', 'ESRCH', 'EACCES', 'EPERM']

/** Every process with its parent, as of one moment. */
export type ProcessTree = ReadonlyMap<
  number,
  Readonly<{ parent: number; namespace: string | undefined }>
>

/** Looks at all processes once: for many containers at a time. */
export function readProcessTree(): ProcessTree {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return new Map(
    pids.map(Number).flatMap((pid) => {
      const stat = readProcFile(pid, 'stat')
      if (stat === undefined) return []
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
      return [[pid, { parent, namespace: namespaceOf(pid, 'pid') }] as const]
    }),
  )
}

/**
 * The processes of a container, given its first one, in the order of their ids: those in its pid namespace and all that descend
 * from them, which may have one of their own. A container that shares the host's pid namespace has only its descendants.
 */
export function containerProcesses(first: number, tree: ProcessTree = readProcessTree()): number[] {
  const own = namespaceOf(first, 'pid')
  const found = new Set([first])
  if (own !== undefined && own !== namespaceOf(process.pid, 'pid')) {
    for (const [pid, { namespace }] of tree) if (namespace === own) found.add(pid)
  }
  for (let before = -1; before !== found.size; ) {
    before = found.size
    for (const [pid, { parent }] of tree) if (found.has(parent)) found.add(pid)
  }
  return [...found].filter((pid) => tree.has(pid)).sort((a, b) => a - b)
}

/** The namespace of a process; `undefined` when it has ended or is not ours to look at. */
export const namespaceOf = (pid: number, kind: 'pid' | 'net'): string | undefined =>
  unlessGone(() => readlinkSync(`/proc/${pid}/ns/${kind}`))

/** A file of /proc/PID; `undefined` when the process has ended or is not ours to look at. */
export const readProcFile = (pid: number, name: string): string | undefined =>
  unlessGone(() => readFileSync(`/proc/${pid}/${name}`, 'latin1'))

function unlessGone<Result>(look: () => Result): Result | undefined {
  try {
    return look()
  } catch (error) {
    if (isErrno(error, ...GONE)) return undefined
    throw error
  }
}
