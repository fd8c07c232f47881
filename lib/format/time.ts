import { FLOAT, type GoMethod, type GoType, int, string } from './values.ts'

const UNITS: readonly [string, bigint][] = [
  ['h', 3_600_000_000_000n],
  ['m', 60_000_000_000n],
]

/** `1m30s`, `1.5s`, `10ms`: nanoseconds as Go prints a duration. */
export function formatDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s'
  const sign = nanoseconds < 0n ? '-' : ''
  let rest = nanoseconds < 0n ? -nanoseconds : nanoseconds
  if (rest < 1000n) return `${sign}${rest}ns`
  if (rest < 1_000_000n) return `${sign}${decimal(rest, 1000n)}µs`
  if (rest < 1_000_000_000n) return `${sign}${decimal(rest, 1_000_000n)}ms`
  let text = ''
  for (const [unit, size] of UNITS) {
    if (text === '' && rest < size) continue
    text += `${rest / size}${unit}`
    rest %= size
  }
  return `${sign}${text}${decimal(rest, 1_000_000_000n)}s`
}

function decimal(value: bigint, unit: bigint): string {
  const fraction = (value % unit)
    .toString()
    .padStart(unit.toString().length - 1, '0')
    .replace(/0+$/, '')
  return fraction ? `${value / unit}.${fraction}` : String(value / unit)
}

/** `2026-11-25 19:34:55.385 +0000 UTC`: a time of a JSON document as Go prints it. */
export function formatTime(text: string): string {
  const [, date, time, fraction = '', zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? []
  if (!date || !time) return text
  const digits = fraction.replace(/\.?0+$/, '')
  const offset = zone === 'Z' ? '+0000 UTC' : `${zone.replace(':', '')} ${zone.replace(':', '')}`
  return `${date} ${time}${digits} ${offset}`
}

/** What an image says may be no number. */
function nanosecondsIn(data: unknown): bigint {
  const number = Math.trunc(Number(data ?? 0))
  return Number.isFinite(number) ? BigInt(number) : 0n
}

/** A method that tells a duration as a number of so many nanoseconds each, with its fraction. */
const inUnits = (nanoseconds: number): GoMethod => ({
  parameters: [],
  call: (data) => ({ type: FLOAT, data: Number(nanosecondsIn(data)) / nanoseconds }),
})

/** The same, without the fraction. */
const inWholeUnits = (nanoseconds: bigint): GoMethod => ({
  parameters: [],
  call: (data) => int(nanosecondsIn(data) / nanoseconds),
})

export const DURATION: GoType = {
  kind: 'int',
  name: 'time.Duration',
  text: (data) => formatDuration(nanosecondsIn(data)),
  methods: {
    Hours: inUnits(3600e9),
    Microseconds: inWholeUnits(1000n),
    Milliseconds: inWholeUnits(1_000_000n),
    Minutes: inUnits(60e9),
    Nanoseconds: inWholeUnits(1n),
    Seconds: inUnits(1e9),
    String: { parameters: [], call: (data) => string(formatDuration(nanosecondsIn(data))) },
  },
}

export const TIME: GoType = {
  kind: 'struct',
  name: 'time.Time',
  text: (data) => formatTime(typeof data === 'string' ? data : '0001-01-01T00:00:00Z'),
  json: (data) => JSON.stringify(data ?? '0001-01-01T00:00:00Z'),
}
