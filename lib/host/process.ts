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

/** Whether that very process is stopped, by a signal or by who traces it. */
export function isSuspended({ pid, startTime }: ProcessIdentity): boolean {
  const fields = readStat(pid)
  return fields?.[19] === startTime && (fields[0] === 'T' || fields[0] === 't')
}

/** Sends a signal to that very process; one that has ended needs none. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(identity)) return
  try {
    process.kill(identity.pid, signal)
  } catch (error) {
    if (!isErrno(error, 'ESRCH')) throw error
  }
}

function readStartTime(pid: number): string | undefined {
  const fields = readStat(pid)
  return fields === undefined || fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
}

/** From its state on; the command name in parentheses may hold spaces and parentheses, so the last `)` is looked for. */
function readStat(pid: number): string[] | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH')) return undefined
    throw error
  }
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}
