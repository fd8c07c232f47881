import { join } from 'node:path'
import { parseJson, readSmallFile } from '../fs/read.ts'
import { isAlive } from '../host/process.ts'
import type { ContainerWithState } from './catalog.ts'
import { formatStatus } from './status.ts'

const MAX_HEALTH = 1024 * 1024

/** Docker's word for the state: `running`, `paused`, `restarting`, `exited`, `created`. */
export const stateWord = ({ state }: ContainerWithState): string =>
  'paused' in state && state.paused === true ? 'paused' : state.status

/** Docker's notion of running: its processes live, or will again without anybody's doing. */
export const isUp = (container: ContainerWithState): boolean =>
  ['running', 'paused', 'restarting'].includes(stateWord(container))

/**
 * Whether a container of `--rm` has outlived who should have removed it: it ended and its monitor did not live to remove
 * it, or who was about to start it died before.
 */
export function isAbandoned({ record, state }: ContainerWithState): boolean {
  if (!record.host.autoRemove) return false
  if (state.status === 'created') return record.starter !== undefined && !isAlive(record.starter)
  return state.status === 'exited'
}

/** `starting`, `healthy` or `unhealthy`; `none` for a container without a health check, or one that never ran. */
export function healthOf({ record, directory }: ContainerWithState): string {
  if (!('healthcheck' in record.config)) return 'none'
  const report = parseJson(readSmallFile(join(directory, 'health.json'), MAX_HEALTH))
  const status = (report as { Status?: unknown } | undefined)?.Status
  return typeof status === 'string' && status !== '' ? status : 'none'
}

/** The STATUS column of `ps`, with what the health check found. `now`: milliseconds since 1970. */
export function describeStatus(container: ContainerWithState, now: number): string {
  const text = formatStatus(container.state, now)
  if (stateWord(container) !== 'running') return text
  const health = healthOf(container)
  if (health === 'none') return text
  return health === 'starting' ? `${text} (health: starting)` : `${text} (${health})`
}
