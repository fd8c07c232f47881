import { CallError } from './call.ts'
import { isList, isMap, toBoolean, toJson, toNumber, toText, type Value } from './value.ts'

const VERB = /%(%|([-+# 0]*)(\d+)?(?:\.(\d+))?(?:\[(\d+)\])?([a-zA-Z]))/g

interface Shape {
  flags: string
  width: number
  precision: number | undefined
}

/** `format` of HCL: Go's verbs, as far as values have a form in them. Throws `CallError`. */
export function formatText(format: string, ...args: Value[]): string {
  let next = 0
  let most = 0
  const text = format.replace(
    VERB,
    (whole, sign: string, flags = '', width, precision, at, verb) => {
      if (sign === '%') return '%'
      if (at !== undefined) next = Number(at) - 1
      const value = args[next]
      next++
      most = Math.max(most, next)
      if (value === undefined) {
        throw new CallError(
          `not enough arguments for ${JSON.stringify(whole)} at ${format.indexOf(whole)}: need index ${next - 1} but have ${args.length} total`,
        )
      }
      const shape = {
        flags,
        width: Number(width ?? 0),
        precision: precision === undefined ? undefined : Number(precision),
      }
      return pad(formatOne(verb, shape, value, whole), shape)
    },
  )
  if (args.length > most)
    throw new CallError(`too many arguments; only ${most} used by format string`)
  return text
}

/** As `formatText` for each element of the lists among the arguments, which have one length. */
export function formatList(format: string, ...args: Value[]): Value {
  const lengths = args.filter(isList).map((list) => list.length)
  const [length = 1] = lengths
  if (lengths.some((other) => other !== length))
    throw new CallError('argument lists have different lengths')
  return Array.from({ length }, (_, at) =>
    formatText(format, ...args.map((value) => (isList(value) ? (value[at] ?? null) : value))),
  )
}

function pad(text: string, { flags, width }: Shape): string {
  if (flags.includes('-')) return text.padEnd(width)
  if (!flags.includes('0')) return text.padStart(width)
  const sign = /^[+-]/.exec(text)?.[0] ?? ''
  return sign + text.slice(sign.length).padStart(width - sign.length, '0')
}

function formatOne(verb: string, shape: Shape, value: Value, whole: string): string {
  if (verb === 'v') return formatAny(value, shape)
  if (value === null)
    throw new CallError(
      `unsupported value for ${JSON.stringify(whole)}: null value cannot be formatted`,
    )
  if (verb === 's' || verb === 'q') {
    const text = toText(value)
    if (text === undefined)
      throw new CallError(`unsupported value for ${JSON.stringify(whole)}: string required`)
    const cut = shape.precision === undefined ? text : [...text].slice(0, shape.precision).join('')
    return verb === 'q' ? JSON.stringify(cut) : cut
  }
  if (verb === 't') {
    const truth = toBoolean(value)
    if (truth === undefined)
      throw new CallError(`unsupported value for ${JSON.stringify(whole)}: bool required`)
    return String(truth)
  }
  const number = toNumber(value)
  if (number === undefined)
    throw new CallError(`unsupported value for ${JSON.stringify(whole)}: number required`)
  return formatNumeric(verb, shape, number, whole)
}

function formatAny(value: Value, shape: Shape): string {
  if (shape.flags.includes('#') || isList(value) || isMap(value))
    return JSON.stringify(toJson(value))
  return value === null ? 'null' : (toText(value) ?? '')
}

const RADIX: Readonly<Record<string, number>> = { b: 2, d: 10, o: 8, x: 16, X: 16 }

function formatNumeric(
  verb: string,
  { flags, precision = 6 }: Shape,
  value: number,
  whole: string,
): string {
  const sign = value >= 0 && flags.includes('+') ? '+' : ''
  const radix = RADIX[verb]
  if (radix !== undefined) {
    const digits = Math.trunc(value).toString(radix)
    return sign + (verb === 'X' ? digits.toUpperCase() : digits)
  }
  if (verb === 'f' || verb === 'F') return sign + value.toFixed(precision)
  if (verb === 'e' || verb === 'E') {
    const text = value.toExponential(precision).replace(/e([+-])(\d)$/, 'e$10$2')
    return sign + (verb === 'E' ? text.toUpperCase() : text)
  }
  if (verb === 'g' || verb === 'G') return sign + String(value)
  throw new CallError(
    `unrecognized format character ${JSON.stringify(verb)} in ${JSON.stringify(whole)}`,
  )
}
