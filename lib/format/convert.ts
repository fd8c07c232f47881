import { concrete, type Parameter, type Value } from './values.ts'

const NAMES: Readonly<Record<Exclude<Parameter, 'any'>, string>> = {
  string: 'string',
  int: 'int',
  strings: '[]string',
}

/** A value as an argument of this kind; a string is what is wrong with it. */
export function convert(value: Value, wanted: Parameter): { value: Value } | string {
  if (wanted === 'any') return { value }
  const expected = NAMES[wanted]
  if (!value) return wanted === 'strings' ? { value } : `invalid value; expected ${expected}`
  const inner = concrete(value)
  if (inner && inner.type.name === expected) return { value: inner }
  // A named list of strings is as good as a plain one, a named string is not.
  if (inner && wanted === 'strings' && inner.type.kind === 'slice') {
    if (inner.type.element?.name === 'string') return { value: inner }
  }
  const { element } = (inner ?? value).type
  if (inner?.type.kind === 'pointer' && element?.name === expected) {
    if (inner.data === null || inner.data === undefined) {
      return `dereference of nil pointer of type ${inner.type.name}`
    }
    return { value: { type: element, data: inner.data } }
  }
  return `wrong type for value; expected ${expected}; got ${(inner ?? value).type.name}`
}
