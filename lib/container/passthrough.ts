import { LighterError } from '../core/errors.ts'
import { lazyTty } from '../core/lazy.ts'
import { logDriver } from './log-config.ts'
import type { ContainerRecord } from './record.ts'

/** What a start has for its standard output and error. */
export const streamsOf = (record: ContainerRecord): 'ignore' | 'inherit' =>
  logDriver(record.host.logConfig) === 'passthrough' ? 'inherit' : 'ignore'

/** A container could read from a terminal that it is given, and write to it as whoever sits there. Throws `start-failed`. */
export function refuseTerminal(record: ContainerRecord): void {
  if (streamsOf(record) === 'ignore') return
  const given = record.config.openStdin ? [0, 1, 2] : [1, 2]
  if (!given.some((fd) => lazyTty().isatty(fd))) return
  throw new LighterError(
    'start-failed',
    "the 'passthrough' log driver hands the standard streams to the container, and cannot be used on a TTY",
  )
}
