import type { Expression } from './ast.ts'
import { parseExpression } from './parse-expression.ts'
import { Scanner } from './scan.ts'
import { fault, type Range } from './source.ts'
import { isEqual, isList, isMap, toBoolean, toNumber, toText, type Value } from './value.ts'

/** A type as definitions write it: `string`, `list(number)`, `object({ a = bool })`. */
export type Type =
  | { of: 'any' | 'string' | 'number' | 'bool' }
  | { of: 'list' | 'set'; item: Type }
  | { of: 'map'; item: Type }
  | { of: 'tuple'; items: Type[] }
  | { of: 'object'; members: Map<string, { type: Type; optional: boolean }> }

/** Reads a type from where an expression stands. Throws `DefinitionError`. */
export function parseType(expression: Expression): Type {
  const invalid = (detail: string) => fault('Invalid type specification', detail, expression.range)
  // As JSON has it.
  if (expression.kind === 'literal' && typeof expression.value === 'string') {
    const { source } = expression.range
    return parseType(parseExpression(new Scanner({ name: source.name, text: expression.value })))
  }
  if (expression.kind === 'variable') {
    const { name } = expression
    if (name === 'string' || name === 'number' || name === 'bool' || name === 'any')
      return { of: name }
    if (name === 'list' || name === 'set' || name === 'map') {
      throw invalid(
        `The ${name} type constructor requires one argument specifying the element type.`,
      )
    }
    throw invalid(`The keyword ${JSON.stringify(name)} is not a valid type specification.`)
  }
  if (expression.kind !== 'call') {
    throw invalid(
      'A type specification is either a primitive type keyword (bool, number, string) or a complex type constructor call, like list(string).',
    )
  }
  const { name, args } = expression
  const [first] = args
  if (!first || args.length > 1)
    throw invalid(`The ${name} type constructor requires one argument.`)
  if (name === 'list' || name === 'set' || name === 'map')
    return { of: name, item: parseType(first) }
  if (name === 'tuple' && first.kind === 'tuple')
    return { of: 'tuple', items: first.items.map(parseType) }
  if (name === 'object' && first.kind === 'object')
    return { of: 'object', members: parseMembers(first) }
  throw invalid(`Keyword ${JSON.stringify(name)} is not a valid type constructor.`)
}

function parseMembers({ entries }: Extract<Expression, { kind: 'object' }>) {
  return new Map(
    entries.map(({ key, value }) => {
      const name = key.kind === 'literal' ? String(key.value) : ''
      const [inner] = value.kind === 'call' && value.name === 'optional' ? value.args : []
      return [name, { type: parseType(inner ?? value), optional: inner !== undefined }]
    }),
  )
}

/** The sentence that names a type. */
export function describeType(type: Type): string {
  if (type.of === 'list' || type.of === 'set' || type.of === 'map')
    return `${type.of} of ${describeType(type.item)}`
  return type.of === 'any' ? 'any type' : type.of
}

/** Makes a value be of a type. Throws `DefinitionError`. */
export function convert(value: Value, type: Type, range: Range): Value {
  const wrong = (detail: string) => fault('Invalid value', detail, range)
  if (type.of === 'any' || value === null) return value
  if (type.of === 'string' || type.of === 'number' || type.of === 'bool') {
    const made = { string: toText, number: toNumber, bool: toBoolean }[type.of](value)
    if (made === undefined)
      throw wrong(
        `Inappropriate value: ${type.of === 'bool' || type.of === 'number' ? `a ${type.of}` : type.of} required.`,
      )
    return made
  }
  if (type.of === 'list' || type.of === 'set' || type.of === 'tuple') {
    if (!isList(value)) throw wrong(`Inappropriate value: ${describeType(type)} required.`)
    if (type.of === 'tuple') {
      if (value.length !== type.items.length)
        throw wrong('Inappropriate value: tuple of another length required.')
      return value.map((item, at) => convert(item, type.items[at] ?? { of: 'any' }, range))
    }
    const items = value.map((item) => convert(item, type.item, range))
    return type.of === 'set'
      ? items.filter((item, at) => items.findIndex((other) => isEqual(item, other)) === at)
      : items
  }
  if (!isMap(value)) throw wrong(`Inappropriate value: ${describeType(type)} required.`)
  if (type.of === 'map')
    return new Map([...value].map(([key, item]) => [key, convert(item, type.item, range)]))
  if (type.of !== 'object') return value
  const members = [...type.members].map(([name, { type: wanted, optional }]): [string, Value] => {
    const item = value.get(name)
    if (item === undefined && !optional)
      throw wrong(`Inappropriate value: attribute ${JSON.stringify(name)} is required.`)
    return [name, convert(item ?? null, wanted, range)]
  })
  return new Map(members)
}
