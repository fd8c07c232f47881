import type { LogRecord } from './log-record.ts'

const NEWLINE = 10
const EQUALS = 61

/** The fields of one entry of the journal; of a field that is there twice the last. */
export type JournalEntry = ReadonlyMap<string, Buffer>

/** Takes apart what `journalctl --output=export` says, piece by piece as it comes. */
export class ExportParser {
  #rest: Buffer = Buffer.alloc(0)
  #entry = new Map<string, Buffer>()

  /** Where the field that begins there ends; `undefined` when it is not all there yet. */
  #field(bytes: Buffer, start: number): number | undefined {
    const newline = bytes.indexOf(NEWLINE, start)
    if (newline < 0) return undefined
    if (newline === start) return newline + 1
    const line = bytes.subarray(start, newline)
    const equals = line.indexOf(EQUALS)
    if (equals >= 0) {
      this.#entry.set(line.toString('latin1', 0, equals), Buffer.from(line.subarray(equals + 1)))
      return newline + 1
    }
    // A value with bytes of any kind: its length in 8 bytes, the value, a newline.
    const data = newline + 9
    if (bytes.length < data) return undefined
    const length = Number(bytes.readBigUInt64LE(newline + 1))
    if (bytes.length < data + length + 1) return undefined
    this.#entry.set(line.toString('latin1'), Buffer.from(bytes.subarray(data, data + length)))
    return data + length + 1
  }

  /** The entries that are whole with these bytes. */
  *feed(chunk: Buffer): Generator<JournalEntry> {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    for (;;) {
      const end = this.#field(bytes, at)
      if (end === undefined) break
      // An empty line ends an entry.
      if (end === at + 1 && this.#entry.size > 0) {
        yield this.#entry
        this.#entry = new Map()
      }
      at = end
    }
    this.#rest = Buffer.from(bytes.subarray(at))
  }
}

/** What every entry has; the rest are labels and variables that the log driver's options chose. */
const USUAL = new Set([
  'CODE_FILE',
  'CODE_FUNC',
  'CODE_LINE',
  'CONTAINER_ID',
  'CONTAINER_ID_FULL',
  'CONTAINER_LOG_EPOCH',
  'CONTAINER_LOG_ORDINAL',
  'CONTAINER_NAME',
  'CONTAINER_PARTIAL_ID',
  'CONTAINER_PARTIAL_LAST',
  'CONTAINER_PARTIAL_MESSAGE',
  'CONTAINER_PARTIAL_ORDINAL',
  'CONTAINER_TAG',
  'ERRNO',
  'IMAGE_NAME',
  'MESSAGE',
  'MESSAGE_ID',
  'PRIORITY',
  'SYSLOG_FACILITY',
  'SYSLOG_IDENTIFIER',
  'SYSLOG_PID',
  'SYSLOG_TIMESTAMP',
])

/** An entry as a record of the container's log. */
export function recordOf(entry: JournalEntry): LogRecord {
  const text = (name: string): string | undefined => entry.get(name)?.toString('utf8')
  const attributes = [...entry].filter(([name]) => !name.startsWith('_') && !USUAL.has(name))
  return {
    stream: text('PRIORITY') === '3' ? 'stderr' : 'stdout',
    text: `${text('MESSAGE') ?? ''}${text('CONTAINER_PARTIAL_MESSAGE') === 'true' ? '' : '\n'}`,
    time: text('SYSLOG_TIMESTAMP') ?? timeOf(text('__REALTIME_TIMESTAMP') ?? '0'),
    attributes: Object.fromEntries(
      attributes.map(([name, value]) => [name, value.toString('utf8')]),
    ),
  }
}

/** When the journal took it: microseconds. */
function timeOf(microseconds: string): string {
  const micro = BigInt(microseconds)
  const seconds = new Date(Number(micro / 1000n)).toISOString().slice(0, 19)
  return `${seconds}.${String(micro % 1_000_000n).padStart(6, '0')}Z`
}
