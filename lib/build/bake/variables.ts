import { splitCsv } from '../../core/csv.ts'
import { parseTruth } from '../../core/truth.ts'
import type { Attribute, Block } from './hcl/ast.ts'
import { evaluateWhole, type Names } from './hcl/evaluate.ts'
import { fault } from './hcl/source.ts'
import { convert, parseType, type Type } from './hcl/types.ts'
import { fromJson, isList, isMap, toBoolean, toNumber, toText, type Value } from './hcl/value.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** A variable that the environment sets. */
interface Given {
  name: string
  text: string
  wrong(reason: string): Error
}

/** The value of a `variable` block: what the environment says, else its default. Throws `DefinitionError`. */
export function resolveVariable(
  name: string,
  block: Block,
  names: Names,
  environment: Environment,
): Value {
  const { default: fallback, type: typed } = Object.fromEntries(block.body.attributes) as Partial<
    Record<string, Attribute>
  >
  const type = typed && parseType(typed.value)
  const wrong = (reason: string): Error => fault('Invalid value', reason, block.start)
  const json = type && environment[`${name}_JSON`]
  if (json) return convert(parseJsonText({ name, text: json, wrong }), type, block.start)
  const text = environment[name]
  if (type && text !== undefined) return readTyped({ name, text, wrong }, type)
  if (!fallback) return text ?? (type ? null : '')
  const value = evaluateWhole(fallback.value, names)
  if (text !== undefined) return readLike({ name, text, wrong }, value)
  return type ? convert(value, type, fallback.value.range) : value
}

/** What a text of the environment is where the default is of a type. */
function readLike(given: Given, value: Value): Value {
  if (typeof value === 'boolean') return readTruth(given)
  if (typeof value === 'number') return readNumber(given)
  if (!isList(value) && !isMap(value)) return given.text
  throw given.wrong(
    `unsupported type ${isList(value) ? 'tuple' : 'object'} for variable ${given.name}`,
  )
}

/** Lists are written as comma-separated values, maps as such of `key=value`. */
function readTyped(given: Given, type: Type): Value {
  const { name, text, wrong } = given
  if (type.of === 'bool') return readTruth(given)
  if (type.of === 'number') return readNumber(given)
  if (type.of === 'string' || type.of === 'any') return text
  const fields = text === '' ? [] : splitCsv(text)
  if (type.of === 'list' || type.of === 'set')
    return fields.map((field) => readItem(given, type.item, field))
  if (type.of !== 'map')
    throw wrong(`unsupported type ${type.of} for variable ${name}: set ${name}_JSON`)
  return new Map(
    fields.map((field): [string, Value] => {
      const equals = field.indexOf('=')
      if (equals < 0)
        throw wrong(`failed to parse ${name} as map: ${JSON.stringify(field)} has no value`)
      return [field.slice(0, equals), readItem(given, type.item, field.slice(equals + 1))]
    }),
  )
}

function readItem({ name, wrong }: Given, { of }: Type, field: string): Value {
  const read = of === 'number' ? toNumber : of === 'bool' ? toBoolean : toText
  const item = read(field)
  if (item !== undefined) return item
  throw wrong(`failed to parse ${name}: ${JSON.stringify(field)} is no ${of}`)
}

function readTruth({ name, text, wrong }: Given): boolean {
  const truth = parseTruth(text)
  if (truth !== undefined) return truth
  const reason = `strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`
  throw wrong(`failed to parse ${name} as bool: ${reason}`)
}

function readNumber({ name, text, wrong }: Given): number {
  const number = toNumber(text)
  if (number !== undefined) return number
  const reason = `strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`
  throw wrong(`failed to parse ${name} as number: ${reason}`)
}

function parseJsonText({ name, text, wrong }: Given): Value {
  try {
    return fromJson(JSON.parse(text))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw wrong(`failed to parse ${name}_JSON: ${reason}`)
  }
}

/** Throws `DefinitionError` where a `validation` block of a variable does not let its value pass. */
export function validateVariable(block: Block, names: Names): void {
  for (const { type, body, range } of block.body.blocks) {
    if (type !== 'validation') {
      const detail = `Blocks of type ${JSON.stringify(type)} are not expected here.`
      throw fault('Unsupported block type', detail, range)
    }
    const condition = body.attributes.get('condition')
    if (!condition) {
      const detail = 'The argument "condition" is required, but no definition was found.'
      throw fault('Missing required argument', detail, range)
    }
    if (toBoolean(evaluateWhole(condition.value, names)) === true) continue
    const message = body.attributes.get('error_message')
    const said = message && toText(evaluateWhole(message.value, names))
    const detail = said || 'This check failed, so the variable is not valid.'
    throw fault('Validation failed', detail, condition.value.range)
  }
}
