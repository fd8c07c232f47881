import { findContainer } from '../../lib/container/catalog.ts'
import { type LogRecord, readLogs } from '../../lib/container/logs.ts'
import { LighterError } from '../../lib/core/errors.ts'
import type { Context } from '../context.ts'
import { parseDuration } from '../flags/duration.ts'
import { outputStream } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

/** `logs`: each stream of the container to the same stream of ours. */
export async function run({ engine }: Context, parsed: Parsed): Promise<number> {
  const container = findContainer(engine.paths.data, parsed.operands[0] ?? '')
  const since = parsed.string('since')
  const until = parsed.string('until')
  const options = {
    follow: parsed.bool('follow'),
    since: since ? parseTime('since', since, Date.now()) : undefined,
    until: until ? parseTime('until', until, Date.now()) : undefined,
    tail: parseTail(parsed.string('tail') ?? 'all'),
  }
  const format = formatter(parsed)
  for await (const record of readLogs(container, options)) {
    const stream = outputStream(record.stream === 'stderr' ? 2 : 1)
    if (!stream.write(format(record))) {
      await new Promise((resolve) => stream.once('drain', resolve))
    }
  }
  return 0
}

function formatter(parsed: Parsed): (record: LogRecord) => string {
  const timestamps = parsed.bool('timestamps')
  // Attributes come from the log driver's options, of which there are none: an empty list and its space remain.
  const details = parsed.bool('details') ? ' ' : ''
  return ({ text, time }) => `${timestamps ? `${padTime(time)} ` : ''}${details}${text}`
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

/** A point in time: seconds since 1970, a date, or how long ago. */
export function parseTime(flag: string, text: string, now: number): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000
  const date = /^\d{4}-\d{2}-\d{2}(T\d{2}(:\d{2}(:\d{2}(\.\d+)?)?)?(Z|[+-]\d{2}:\d{2})?)?$/.exec(
    text,
  )
  if (date) {
    const hour = /T\d{2}$/.test(text) ? `${text}:00` : text
    const parsed = Date.parse(date[1] ? hour : `${text}T00:00:00`)
    if (!Number.isNaN(parsed)) return parsed
  }
  const fail = (): LighterError =>
    new LighterError(
      'usage',
      `invalid value for "${flag}": failed to parse value as time or duration: ${JSON.stringify(text)}`,
    )
  return now - parseDuration(text, fail) / 1e6
}
