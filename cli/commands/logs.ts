import { findWithState } from '../../lib/container/catalog.ts'
import type { LogRecord } from '../../lib/container/log-record.ts'
import { lineFormat } from '../../lib/container/log-text.ts'
import { openLog } from '../../lib/container/open-log.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { parseTimestamp } from '../../lib/core/timestamp.ts'
import type { Context } from '../context.ts'
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
  const format = lineFormat(parsed.bool('timestamps'), parsed.bool('details'))
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
