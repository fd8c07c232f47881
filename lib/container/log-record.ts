/** Something that a container said: a line, or a part of one that is too long. */
export interface LogRecord {
  stream: 'stdout' | 'stderr'
  text: string
  time: string
  /** What the log driver's options chose of labels and environment, and the tag. */
  attributes: Readonly<Record<string, string>>
}

export interface LogOptions {
  follow: boolean
  /** Nanoseconds since 1970. */
  since: bigint | undefined
  until: bigint | undefined
  /** How many lines from the end; `undefined` is all. */
  tail: number | undefined
  /** Ends the following: nobody reads any more. */
  signal?: AbortSignal
}

/** Of its time, since 1970. */
export function nanoseconds({ time }: LogRecord): bigint {
  const [, seconds = '', fraction = ''] = /^([^.Z]+)(?:\.(\d{1,9}))?Z$/.exec(time) ?? []
  const parsed = Date.parse(`${seconds}Z`)
  // What is no time of ours is as old as can be.
  if (Number.isNaN(parsed)) return 0n
  return BigInt(parsed) * 1_000_000n + BigInt(fraction.padEnd(9, '0'))
}

/** One line of the log file; `undefined` for what a full disk left of one. */
export function parseLogLine(line: string): LogRecord | undefined {
  if (line === '') return undefined
  try {
    const { log, stream, time, attrs } = JSON.parse(line) as Record<string, unknown>
    if (typeof log !== 'string' || typeof time !== 'string') return undefined
    return {
      text: log,
      time,
      stream: stream === 'stderr' ? 'stderr' : 'stdout',
      attributes: isTexts(attrs) ? attrs : {},
    }
  } catch {
    return undefined
  }
}

const isTexts = (value: unknown): value is Record<string, string> =>
  typeof value === 'object' &&
  value !== null &&
  Object.values(value).every((entry) => typeof entry === 'string')
