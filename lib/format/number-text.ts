import { isPrintable, quote } from './quote.ts'

/** What stands between the percent sign and the verb. */
export interface Flags {
  minus: boolean
  plus: boolean
  sharp: boolean
  space: boolean
  zero: boolean
  width: number | undefined
  precision: number | undefined
}

export const NO_FLAGS: Flags = {
  minus: false,
  plus: false,
  sharp: false,
  space: false,
  zero: false,
  width: undefined,
  precision: undefined,
}

/** Fills up to the width with blanks; code points count. */
export function pad(text: string, { width = 0, minus }: Flags): string {
  const missing = width - [...text].length
  if (missing <= 0) return text
  return minus ? text + ' '.repeat(missing) : ' '.repeat(missing) + text
}

const BASES: Readonly<Record<string, number>> = { b: 2, o: 8, O: 8, d: 10, v: 10, x: 16, X: 16 }
const PREFIXES: Readonly<Record<string, string>> = { b: '0b', o: '0', x: '0x', X: '0X' }

/** An integer by its verb; `undefined` for a verb that integers do not have. */
export function formatInteger(value: bigint, verb: string, flags: Flags): string | undefined {
  const base = BASES[verb]
  if (base === undefined) return formatRune(value, verb, flags)
  const sign = signOf(value < 0n, flags)
  let digits = (value < 0n ? -value : value).toString(base)
  if (verb === 'X') digits = digits.toUpperCase()
  const prefix = verb === 'O' ? '0o' : flags.sharp ? (PREFIXES[verb] ?? '') : ''
  const { width = 0, precision } = flags
  if (precision !== undefined) {
    digits = precision === 0 && value === 0n ? '' : digits.padStart(precision, '0')
  } else if (flags.zero && !flags.minus) digits = digits.padStart(width - sign.length, '0')
  const lead = prefix === '0' && digits.startsWith('0') ? '' : prefix
  return pad(sign + lead + digits, flags)
}

function formatRune(value: bigint, verb: string, flags: Flags): string | undefined {
  const valid = value >= 0n && value <= 0x10ffffn
  const character = String.fromCodePoint(valid ? Number(value) : 0xfffd)
  if (verb === 'c') return pad(character, flags)
  if (verb === 'q') return pad(quote(character, "'", flags.plus), flags)
  if (verb !== 'U') return undefined
  const code = `U+${value
    .toString(16)
    .toUpperCase()
    .padStart(Math.max(4, flags.precision ?? 0), '0')}`
  return pad(flags.sharp && isPrintable(character) ? `${code} '${character}'` : code, flags)
}

const signOf = (negative: boolean, { plus, space }: Flags): string =>
  negative ? '-' : plus ? '+' : space ? ' ' : ''

/** A float by its verb; `undefined` for a verb that floats do not have. */
export function formatFloat(value: number, verb: string, flags: Flags): string | undefined {
  if (!'vgGeEfF'.includes(verb)) return undefined
  const negative = value < 0 || Object.is(value, -0)
  const sign = signOf(negative, flags)
  if (!Number.isFinite(value)) {
    const name = Number.isNaN(value) ? 'NaN' : 'Inf'
    return pad(name === 'Inf' && sign === '' ? '+Inf' : sign + name, flags)
  }
  let digits = floatDigits(Math.abs(value), verb, flags.precision)
  if (verb === 'G' || verb === 'E') digits = digits.toUpperCase()
  if (flags.zero && !flags.minus) digits = digits.padStart((flags.width ?? 0) - sign.length, '0')
  return pad(sign + digits, flags)
}

function floatDigits(value: number, verb: string, precision: number | undefined): string {
  switch (verb.toLowerCase()) {
    case 'f':
      return fixedDigits(value, Math.min(MAX_DIGITS, precision ?? 6))
    case 'e':
      return twoDigits(exponentialDigits(value, Math.min(MAX_DIGITS, precision ?? 6)))
    default:
      return generalDigits(value, precision)
  }
}

/** The shortest digits that say exactly this number, with an exponent where that is shorter: Go's `%g`. */
export function generalDigits(value: number, precision?: number): string {
  const scientific =
    precision === undefined
      ? value.toExponential()
      : exponentialDigits(value, Math.min(MAX_DIGITS, Math.max(0, precision - 1)))
  const [mantissa = '', power = ''] = scientific.split('e')
  const exponent = Number(power)
  const digits = mantissa.replace('.', '').replace(/0+$/, '')
  const limit = precision === undefined ? 6 : Math.max(precision, 1)
  if (exponent < -4 || exponent >= limit) {
    const short = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa
    return twoDigits(`${short}e${power}`)
  }
  return value === 0 ? '0' : plainDigits(digits, exponent)
}

function plainDigits(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  const fraction = digits.slice(exponent + 1)
  return fraction ? `${whole}.${fraction}` : whole
}

/** What JavaScript can print. */
const MAX_DIGITS = 100

/** Rounds what lies in the middle to the even digit, as Go does; JavaScript rounds it up. */
function fixedDigits(value: number, count: number): string {
  const rounded = value.toFixed(count)
  const exact = value.toFixed(Math.min(MAX_DIGITS, count + 1))
  const isTie = count < MAX_DIGITS && exact.endsWith('5') && Number(exact) === value
  const cut = exact.slice(0, count === 0 ? -2 : -1)
  return isTie && /[02468]$/.test(cut) ? cut : rounded
}

function exponentialDigits(value: number, count: number): string {
  const rounded = value.toExponential(count)
  const [exact = '', power = ''] = value.toExponential(Math.min(MAX_DIGITS, count + 1)).split('e')
  const isTie = count < MAX_DIGITS && exact.endsWith('5') && Number(`${exact}e${power}`) === value
  const cut = exact.slice(0, count === 0 ? -2 : -1)
  return isTie && /[02468]$/.test(cut) ? `${cut}e${power}` : rounded
}

/** Go writes two digits of an exponent at least. */
const twoDigits = (text: string): string =>
  text.replace(/e([+-])(\d)$/, (_, sign: string, digit: string) => `e${sign}0${digit}`)
