import { parseDuration } from './duration.ts'
import { LighterError } from './errors.ts'

const DATE = /^\d{4}-\d{2}-\d{2}(T\d{2}(:\d{2}(:\d{2}(\.\d+)?)?)?(Z|[+-]\d{2}:\d{2})?)?$/

/**
 * A point in time in nanoseconds since 1970: seconds since then, a date (of this time zone where it names none), or how long
 * before `now` (milliseconds). Throws `usage`.
 */
export function parseTimestamp(text: string, now: number): bigint {
  const seconds = /^(\d+)(?:\.(\d{1,9})\d*)?$/.exec(text)
  if (seconds) {
    return BigInt(`${seconds[1]}${(seconds[2] ?? '').padEnd(9, '0')}`)
  }
  return parseDate(text) ?? BigInt(now) * 1_000_000n - BigInt(Math.round(parseAgo(text)))
}

function parseDate(text: string): bigint | undefined {
  const match = DATE.exec(text)
  if (!match) return undefined
  const [, clock, , , fraction = ''] = match
  const whole = text.replace(fraction, '')
  const hour = /T\d{2}(?=$|Z|[+-])/.test(whole) ? whole.replace(/(T\d{2})/, '$1:00') : whole
  const parsed = Date.parse(clock ? hour : `${text}T00:00:00`)
  if (Number.isNaN(parsed)) return undefined
  const digits = fraction.slice(1, 10).padEnd(9, '0')
  return BigInt(parsed) * 1_000_000n + BigInt(digits)
}

const parseAgo = (text: string): number =>
  parseDuration(
    text,
    () =>
      new LighterError(
        'usage',
        `failed to parse value as time or duration: ${JSON.stringify(text)}`,
      ),
  )

/** `2026-11-25T19:39:06.586231790Z`: RFC 3339 with all digits of a second, in this time zone. */
export function formatTimestamp(time: bigint): string {
  const date = new Date(Number(time / 1_000_000n))
  const east = -date.getTimezoneOffset()
  const local = new Date(date.getTime() + east * 60_000).toISOString().slice(0, 19)
  const fraction = String(time % 1_000_000_000n).padStart(9, '0')
  return `${local}.${fraction}${formatZone(east)}`
}

function formatZone(east: number): string {
  if (east === 0) return 'Z'
  const two = (count: number): string => String(count).padStart(2, '0')
  const minutes = Math.abs(east)
  return `${east < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}
