import type { GoType } from './values.ts'

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

export const DURATION: GoType = {
  kind: 'int',
  name: 'time.Duration',
  text: (data) => formatDuration(BigInt(Math.trunc(Number(data ?? 0)))),
}

export const TIME: GoType = {
  kind: 'struct',
  name: 'time.Time',
  text: (data) => formatTime(typeof data === 'string' ? data : '0001-01-01T00:00:00Z'),
  json: (data) => JSON.stringify(data ?? '0001-01-01T00:00:00Z'),
}
