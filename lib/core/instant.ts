const padded = (value: number, digits: number): string => String(value).padStart(digits, '0')

const PER_MILLISECOND = 1_000_000n

/** The millisecond in which this process first asked, and the running clock's nanoseconds then. */
let anchor: { wall: bigint; running: bigint } | undefined

/**
 * Nanoseconds since 1970: in this process they grow as time does, and they are early by less than a millisecond. Always within
 * the millisecond of `Date.now()`, which sees the clock being set. (`performance` knows more, and takes a millisecond to load.)
 */
export function nowNanoseconds(): bigint {
  const first = BigInt(Date.now()) * PER_MILLISECOND
  const running = process.hrtime.bigint()
  anchor ??= { wall: first, running }
  const exact = anchor.wall + running - anchor.running
  const last = first + PER_MILLISECOND - 1n
  return exact < first ? first : exact > last ? last : exact
}

/**
 * `2026-01-31T09:05:00.000000000Z`, with all nine digits: such texts sort as the instants do. `toISOString` loads what knows all
 * calendars first, a quarter of a millisecond.
 */
export function instantText(nanoseconds: bigint): string {
  const date = new Date(Number(nanoseconds / PER_MILLISECOND))
  const day = [
    padded(date.getUTCFullYear(), 4),
    padded(date.getUTCMonth() + 1, 2),
    padded(date.getUTCDate(), 2),
  ]
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
  const fraction = padded(Number(nanoseconds % 1_000_000_000n), 9)
  return `${day.join('-')}T${time.map((part) => padded(part, 2)).join(':')}.${fraction}Z`
}

/** The same without the zeros at the end, as Go writes instants (RFC3339Nano). */
export const shortInstant = (text: string): string =>
  text.replace(/\.(\d*?)0*Z$/, (_, digits: string) => (digits === '' ? 'Z' : `.${digits}Z`))
