import { type Flags, formatFloat, formatInteger, NO_FLAGS, pad } from './number-text.ts'
import { quote } from './quote.ts'
import {
  concrete,
  elementsOf,
  entriesOf,
  floatOf,
  type GoType,
  type GoValue,
  intOf,
  readField,
  textOf,
  type Value,
} from './values.ts'

/** Go prints addresses of what it does not follow; there are none here. */
const ADDRESS = '0xc000012345'

/** `%v` of a value. */
export const printValue = (value: Value): string => formatValue(value, 'v', NO_FLAGS)

/** As Go's `Sprint`: a blank between neighbours of which none is a string. */
export function printAll(values: readonly Value[]): string {
  return values
    .map((value, index) => {
      const before = values[index - 1]
      const apart = index > 0 && !isString(value) && !isString(before)
      return (apart ? ' ' : '') + printValue(value)
    })
    .join('')
}

/** As Go's `Sprintln`: blanks between all, a line's end behind. */
export const printLine = (values: readonly Value[]): string =>
  `${values.map(printValue).join(' ')}\n`

const isString = (value: Value): boolean => value?.type.kind === 'string'

/** One value by its verb, as Go's `fmt` does it. */
export function formatValue(value: Value, verb: string, flags: Flags): string {
  if (!value) return verb === 'v' || verb === 'T' ? pad('<nil>', flags) : `%!${verb}(<nil>)`
  if (verb === 'T') return pad(value.type.name, flags)
  return formatNested(value, verb, flags, 0)
}

/** `depth`: how many lists and structs are around it. */
function formatNested(value: GoValue, verb: string, flags: Flags, depth: number): string {
  const { type, data } = value
  const syntax = verb === 'v' && flags.sharp
  const text = type.text ?? textOfTarget(value)
  if (text && !syntax && 'vsxXq'.includes(verb)) return formatText(text(data), verb, flags)
  switch (type.kind) {
    case 'bool':
      return verb === 'v' || verb === 't' ? pad(String(data === true), flags) : wrong(value, verb)
    case 'int':
    case 'uint8':
      return formatInteger(intOf(value), verb, plain(verb, flags)) ?? wrong(value, verb)
    case 'float':
      return formatFloat(floatOf(value), verb, plain(verb, flags)) ?? wrong(value, verb)
    case 'string':
      if (!'vsxXq'.includes(verb)) return wrong(value, verb)
      return formatText(textOf(value), syntax ? 'q' : verb, syntax ? NO_FLAGS : flags)
    case 'interface': {
      const inner = concrete(value)
      return inner ? formatNested(inner, verb, flags, depth + 1) : noValue(value, verb, flags)
    }
    case 'pointer':
      return formatPointer(value, verb, flags, depth)
    default:
      return formatComposite(value, verb, flags, depth)
  }
}

/** Plus and sharp mean something else with `%v`. */
const plain = (verb: string, flags: Flags): Flags =>
  verb === 'v' ? { ...flags, plus: false, sharp: false } : flags

function noValue({ type }: GoValue, verb: string, flags: Flags): string {
  if (verb !== 'v') return `%!${verb}(<nil>)`
  return flags.sharp ? `${type.name}(nil)` : pad('<nil>', flags)
}

function formatText(text: string, verb: string, flags: Flags): string {
  const { precision, sharp, space, plus } = flags
  const cut = precision === undefined ? text : [...text].slice(0, precision).join('')
  switch (verb) {
    case 'q':
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they cannot stand between backquotes
      if (sharp && !/[`\0-\x08\x0a-\x1f\x7f]/.test(cut)) return pad(`\`${cut}\``, flags)
      return pad(quote(cut, '"', plus), flags)
    case 'x':
    case 'X': {
      const bytes = Buffer.from(text).subarray(0, precision ?? text.length * 4)
      const prefix = sharp ? '0x' : ''
      const words = [...bytes].map((byte) => byte.toString(16).padStart(2, '0'))
      const hex = space ? words.map((word) => prefix + word).join(' ') : prefix + words.join('')
      return pad(bytes.length === 0 ? '' : verb === 'X' ? hex.toUpperCase() : hex, flags)
    }
    default:
      return pad(cut, flags)
  }
}

/** A pointer has the String method of what it points to. */
const textOfTarget = ({ type, data }: GoValue): GoType['text'] =>
  type.kind === 'pointer' && data !== null && data !== undefined ? type.element?.text : undefined

function formatPointer(value: GoValue, verb: string, flags: Flags, depth: number): string {
  const { data, type } = value
  if (data === null || data === undefined) {
    return verb === 's' ? `%!s(${type.name}=<nil>)` : noValue(value, verb, flags)
  }
  const target = type.element && { type: type.element, data }
  if (!target || depth > 0 || !'struct map slice'.includes(target.type.kind)) return ADDRESS
  return `&${formatNested(target, verb, flags, depth + 1)}`
}

function formatComposite(value: GoValue, verb: string, flags: Flags, depth: number): string {
  const { type, data } = value
  const syntax = verb === 'v' && flags.sharp
  const inner = (part: GoValue) => formatNested(part, verb, flags, depth + 1)
  const separator = syntax ? ', ' : ' '
  if (type.kind === 'struct') {
    const named = verb === 'v' && (flags.plus || flags.sharp)
    const fields = (type.fields ?? []).map((field) => {
      const text = inner(readField(value, field))
      return named ? `${field.name}:${text}` : text
    })
    return `${syntax ? type.name : ''}{${fields.join(separator)}}`
  }
  if (syntax && (data === null || data === undefined)) return `${type.name}(nil)`
  if (type.kind === 'map') {
    const entries = entriesOf(value).map(([key, element]) => `${inner(key)}:${inner(element)}`)
    const text = entries.join(separator)
    return syntax ? `${type.name}{${text}}` : `map[${text}]`
  }
  const text = elementsOf(value).map(inner).join(separator)
  return syntax ? `${type.name}{${text}}` : `[${text}]`
}

/** `%!d(string=abc)`: a verb that the value does not have. */
const wrong = (value: GoValue, verb: string): string =>
  `%!${verb}(${value.type.name}=${formatNested(value, 'v', NO_FLAGS, 0)})`
