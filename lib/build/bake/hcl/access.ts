import type { Expression } from './ast.ts'
import { fault, type Range } from './source.ts'
import { isList, isMap, Scope, toNumber, toText, typeName, type Value } from './value.ts'

/** A member by its name. Throws `DefinitionError`. */
export function attribute(
  of: Value,
  { of: { range: before }, name, nameRange }: Extract<Expression, { kind: 'attribute' }>,
): Value {
  const range = { ...nameRange, start: before.end }
  if (of === null) {
    throw fault(
      'Attempt to get attribute from null value',
      'This value is null, so it does not have any attributes.',
      range,
    )
  }
  if (!isMap(of) && !(of instanceof Scope)) {
    throw fault(
      'Unsupported attribute',
      `Can't access attributes on a primitive-typed value (${typeName(of)}).`,
      range,
    )
  }
  const value = of.get(name)
  if (value !== undefined) return value
  if (of instanceof Scope) {
    const missing = `This map does not have an element with the key ${JSON.stringify(name)}.`
    throw fault('Missing map element', missing, range)
  }
  const detail = `This object does not have an attribute named ${JSON.stringify(name)}.`
  throw fault('Unsupported attribute', detail, range)
}

/** An element or a member. Throws `DefinitionError`. */
export function index(of: Value, key: Value, range: Range): Value {
  if (of === null) {
    const detail = 'This value is null, so it does not have any indices.'
    throw fault('Attempt to index null value', detail, range)
  }
  if (!isList(of) && !isMap(of) && !(of instanceof Scope)) {
    throw fault('Invalid index', 'This value does not have any indices.', range)
  }
  const found = isList(of) ? of[toNumber(key) ?? -1] : of.get(toText(key) ?? '')
  if (found !== undefined) return found
  const detail = 'The given key does not identify an element in this collection value.'
  throw fault('Invalid index', detail, range)
}
