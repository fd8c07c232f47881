const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
}

/** What 64 bits with a sign do not hold. */
const LIMIT = 2 ** 63

/** Parses a duration like `1h30m` or `2.5s` to nanoseconds, with the complaints users of Docker know. */
export function parseDuration(text: string, complain: (reason: string) => Error): number {
  const quoted = JSON.stringify(text)
  const sign = text.startsWith('-') ? -1 : 1
  let rest = text.replace(/^[+-]/, '')
  if (rest === '0') return 0
  if (rest === '') throw complain(`time: invalid duration ${quoted}`)
  let total = 0
  while (rest !== '') {
    const match = /^([0-9]+\.?[0-9]*|\.[0-9]+)([^0-9.]*)/.exec(rest)
    if (!match) throw complain(`time: invalid duration ${quoted}`)
    const [whole, number, unit = ''] = match
    // Before its unit is looked at.
    if (Number.parseInt(number ?? '', 10) >= LIMIT) {
      throw complain(`time: invalid duration ${quoted}`)
    }
    if (unit === '') throw complain(`time: missing unit in duration ${quoted}`)
    const factor = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined
    if (factor === undefined) {
      throw complain(`time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`)
    }
    total += Number(number) * factor
    if (total >= LIMIT) throw complain(`time: invalid duration ${quoted}`)
    rest = rest.slice(whole.length)
  }
  return sign * total
}
