import { readdirSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive } from './leftovers.ts'

/** Milliseconds that anything may take on a machine that others keep busy. */
export const LIMIT = 60_000

/** Waits until something holds; how long that takes says nothing on a busy machine. */
export async function until(what: () => boolean | Promise<boolean>, name = 'it'): Promise<void> {
  for (const begun = Date.now(); !(await what()); await sleep(20)) {
    if (Date.now() - begun > LIMIT) throw new Error(`${name}: not within ${LIMIT} ms`)
  }
}

/** Waits until a process has ended. */
export const untilDead = (pid: number): Promise<void> =>
  until(() => !isAlive(pid), `end of process ${pid}`)

/** What the descriptors of a process lead to. */
function descriptors(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
  } catch {
    return [] // it opens and closes some just now
  }
}

/** Waits until a command has opened a file: one that follows it misses nothing from then on. */
export const untilOpen = (pid: number | undefined, name: RegExp): Promise<void> =>
  until(() => descriptors(pid ?? 0).some((path) => name.test(path)), `${pid} opens ${name}`)

/** Waits until a command is connected to a monitor: its three standard streams are sockets too. */
export const untilConnected = (pid: number | undefined): Promise<void> =>
  until(
    () => descriptors(pid ?? 0).filter((path) => path.startsWith('socket:')).length > 3,
    `${pid} connects`,
  )
