import type { Container } from '../../lib/container/catalog.ts'
import { findWithState } from '../../lib/container/catalog.ts'
import { logDriver } from '../../lib/container/log-config.ts'
import type { LogOptions, LogRecord } from '../../lib/container/log-record.ts'
import { LighterError } from '../../lib/core/errors.ts'
import type { Context } from '../context.ts'
import { parseTimestamp } from '../flags/time.ts'
import { writeErr, writeOut } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

/** `logs`: each stream of the container to the same stream of ours. */
export async function run({ engine }: Context, parsed: Parsed): Promise<number> {
  const [name = ''] = parsed.operands
  const container = findWithState(engine.paths.data, name)
  const since = parsed.string('since')
  const until = parsed.string('until')
  const options = {
    follow: parsed.bool('follow'),
    since: since ? parseTime('since', since, Date.now()) : undefined,
    // Docker's word for no limit is 0, in just this spelling.
    until: until && until !== '0' ? parseTime('until', until, Date.now()) : undefined,
    tail: parseTail(parsed.string('tail') ?? 'all'),
  }
  const format = formatter(parsed)
  for await (const records of await openLog(container, options, name)) writeRecords(records, format)
  return 0
}

/** What follows each other on a stream is written at once. */
function writeRecords(records: LogRecord[], format: (record: LogRecord) => string): void {
  let text = ''
  for (const [at, record] of records.entries()) {
    text += format(record)
    if (records[at + 1]?.stream === record.stream) continue
    if (record.stream === 'stderr') writeErr(text)
    else writeOut(text)
    text = ''
  }
}

async function openLog(
  container: Container,
  options: LogOptions,
  name: string,
): Promise<AsyncIterable<LogRecord[]>> {
  switch (logDriver(container.record.host.logConfig)) {
    case 'journald':
      return oneByOne(
        (await import('../../lib/container/journal-log.ts')).readJournal(container, options),
      )
    case 'none':
      throw new LighterError('bad-input', 'configured logging driver does not support reading')
    case 'passthrough':
      throw new LighterError(
        'usage',
        "this container is using the 'passthrough' log driver, cannot read logs",
      )
    default:
      return (await import('../../lib/container/logs.ts')).readLogs(container, options, name)
  }
}

async function* oneByOne(records: AsyncIterable<LogRecord>): AsyncGenerator<LogRecord[]> {
  for await (const record of records) yield [record]
}

function formatter(parsed: Parsed): (record: LogRecord) => string {
  const timestamps = parsed.bool('timestamps')
  const details = parsed.bool('details')
  return ({ text, time, attributes }) =>
    `${timestamps ? `${padTime(time)} ` : ''}${details ? `${formatAttributes(attributes)} ` : ''}${text}`
}

/** Nine digits of a second: the columns of all lines agree. */
function padTime(time: string): string {
  const [, seconds = time, fraction = ''] = /^([^.Z]+)(?:\.(\d+))?Z$/.exec(time) ?? []
  return `${seconds}.${fraction.padEnd(9, '0')}Z`
}

/** Everything that is no number is `all`, as in Docker. */
export function parseTail(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined
}

/** A point in time in nanoseconds since 1970. */
function parseTime(flag: string, text: string, now: number): bigint {
  try {
    return parseTimestamp(text, now)
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    throw new LighterError(error.code, `invalid value for "${flag}": ${error.message}`)
  }
}

/** `a=1,b=x+y`: what is in them cannot be taken for what stands between them. */
function formatAttributes(attributes: Readonly<Record<string, string>>): string {
  const encode = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1)
  return Object.entries(attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${encode(key)}=${encode(value)}`)
    .join(',')
}
