import { LighterError } from '../core/errors.ts'

const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
}

/** A span of time such as `1m30s`, in nanoseconds, as a health check's option `name` has it. */
export function parseDuration(name: string, text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)]
  const whole = parts.map(([part]) => part).join('') === text && text !== ''
  if (!whole && text !== '0') {
    throw new LighterError('bad-input', `time: invalid duration ${JSON.stringify(text)}`)
  }
  const span = parts.reduce(
    (sum, [, count, unit = '']) => sum + Number(count) * (UNITS[unit] ?? 0),
    0,
  )
  if (span >= 1e6 || (text === '0' && span === 0)) return Math.round(span)
  throw new LighterError('bad-input', `Interval ${JSON.stringify(name)} cannot be less than 1ms`)
}
