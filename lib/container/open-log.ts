import { LighterError } from '../core/errors.ts'
import type { Container } from './catalog.ts'
import { logDriver } from './log-config.ts'
import type { LogOptions, LogRecord } from './log-record.ts'

/**
 * The log of a container, wherever its driver keeps it, some lines at a time. `name`: what it was found by. Throws where the driver keeps
 * none.
 */
export async function openLog(
  container: Container,
  options: LogOptions,
  name: string,
): Promise<AsyncIterable<LogRecord[]>> {
  switch (logDriver(container.record.host.logConfig)) {
    case 'journald':
      return oneByOne((await import('./journal-log.ts')).readJournal(container, options))
    case 'none':
      throw new LighterError('bad-input', 'configured logging driver does not support reading')
    case 'passthrough':
      throw new LighterError(
        'usage',
        "this container is using the 'passthrough' log driver, cannot read logs",
      )
    default:
      return (await import('./logs.ts')).readLogs(container, options, name)
  }
}

async function* oneByOne(records: AsyncIterable<LogRecord>): AsyncGenerator<LogRecord[]> {
  for await (const record of records) yield [record]
}
