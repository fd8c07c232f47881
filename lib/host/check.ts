import type { BootUnit } from './boot-unit.ts'
import type { Uplink } from './uplink.ts'

/** `missing`: containers cannot run. `limited`: they run, with less. */
export type CheckState = 'ok' | 'limited' | 'missing'

export interface Check {
  title: string
  state: CheckState
  /** What was found, or what is lost. */
  detail: string
  /** Commands that mend it, ready to be pasted. */
  mend: string[]
}

export interface CheckedUser {
  uid: number
  name: string
  /** Pattern of the native program's path, for a profile that names it. */
  nativePattern: string
  /** What starts containers with the machine. */
  bootUnit: BootUnit
  /** What is chosen as the way out of networks. */
  uplink: Uplink
  /** What is wrong with it though it is there. */
  uplinkFault: string | undefined
}

export const ok = (title: string, detail: string): Check => ({
  title,
  state: 'ok',
  detail,
  mend: [],
})
