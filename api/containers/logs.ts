import { findWithState } from '../../lib/container/catalog.ts'
import { logDriver } from '../../lib/container/log-config.ts'
import type { LogOptions, LogRecord } from '../../lib/container/log-record.ts'
import { lineFormat } from '../../lib/container/log-text.ts'
import { openLog } from '../../lib/container/open-log.ts'
import { atLeast } from '../http/api-version.ts'
import type { Call } from '../http/call.ts'
import { ApiError, badRequest } from '../http/errors.ts'
import type { Query } from '../http/query.ts'
import { MULTIPLEXED_STREAM, RAW_STREAM } from '../http/reply.ts'
import { streamFrame } from '../streams/stream-frame.ts'

/** `GET /containers/{id}/logs` */
export async function logs(call: Call): Promise<void> {
  const { engine, params, query, reply, signal } = call
  const streams = { stdout: query.bool('stdout'), stderr: query.bool('stderr') }
  if (!streams.stdout && !streams.stderr) {
    throw badRequest('Bad parameters: you must choose at least one stream')
  }
  const name = params.id ?? ''
  const container = findWithState(engine.paths.data, name)
  if (['none', 'passthrough'].includes(logDriver(container.record.host.logConfig))) {
    throw new ApiError(501, 'configured logging driver does not support reading')
  }
  const { tty } = container.record.config
  const lines = await openLog(container, { ...readOptions(query), signal }, name)
  const format = lineFormat(query.bool('timestamps'), query.bool('details'))
  const multiplexed = !tty && atLeast(call.version, 42)
  const answer = reply.stream(multiplexed ? MULTIPLEXED_STREAM : RAW_STREAM)
  for await (const records of lines) {
    const wanted = records.filter(({ stream }) => streams[stream])
    const pieces = wanted.map((record) => encode(record, format(record), tty))
    if (pieces.length > 0) await answer.write(Buffer.concat(pieces))
    if (signal.aborted) return
  }
  answer.end()
}

function readOptions(query: Query): LogOptions {
  const tail = query.text('tail')
  return {
    follow: query.bool('follow'),
    since: readTime(query.text('since')),
    until: readTime(query.text('until')),
    // Everything that is no number means all, as in Docker.
    tail: /^\d{1,15}$/.test(tail) ? Number(tail) : undefined,
  }
}

/** `1700000000` or `1700000000.123456789`, in nanoseconds since 1970; exactly `0` is no limit. Throws 400. */
function readTime(text: string): bigint | undefined {
  if (text === '' || text === '0') return undefined
  const [, seconds, fraction = ''] = /^(\d{1,18})(?:\.(\d{1,9}))?$/.exec(text) ?? []
  if (seconds === undefined) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  }
  return BigInt(`${seconds}${fraction.padEnd(9, '0')}`)
}

const STREAMS = { stdout: 1, stderr: 2 } as const

/** A frame of the multiplexed stream, or the text alone. */
function encode({ stream }: LogRecord, text: string, tty: boolean): Buffer {
  const bytes = Buffer.from(text)
  return tty ? bytes : streamFrame(STREAMS[stream], bytes)
}
