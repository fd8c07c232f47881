import { readFileSync } from 'node:fs'
import { isErrno } from '../core/errors.ts'
import { bootId } from '../fs/boot-id.ts'

/** A process that cannot be confused with a later one of the same pid. */
export interface ProcessIdentity {
  pid: number
  /** Clock ticks since boot, as text: field 22 of /proc/PID/stat. */
  startTime: string
  bootId: string
}

/** The identity of a live process, `undefined` when there is none of that pid (or only a zombie). */
export function readIdentity(pid: number): ProcessIdentity | undefined {
  const startTime = readStartTime(pid)
  return startTime === undefined ? undefined : { pid, startTime, bootId: bootId() }
}

let own: ProcessIdentity | undefined

/** The identity of this very process. */
export function ownIdentity(): ProcessIdentity {
  own ??= readIdentity(process.pid)
  if (!own) throw new TypeError('/proc does not show this process')
  return own
}

/** Whether that very process still runs. */
export function isAlive(identity: ProcessIdentity): boolean {
  return (
    identity.pid > 0 &&
    identity.bootId === bootId() &&
    readStartTime(identity.pid) === identity.startTime
  )
}

/** The command name in parentheses may hold spaces and parentheses: fields are counted from the last `)`. */
function readStartTime(pid: number): string | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH')) return undefined
    throw error
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const state = fields[0]
  return state === 'Z' || state === 'X' ? undefined : fields[19]
}
