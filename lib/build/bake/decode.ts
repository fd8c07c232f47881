import type { Attribute, Expression } from './hcl/ast.ts'
import { fault, type Range } from './hcl/source.ts'
import {
  compareText,
  isList,
  isMap,
  toBoolean,
  toText,
  type Value,
  type ValueMap,
} from './hcl/value.ts'
import type { Field, FieldValue, Members } from './target.ts'

/** The value of an attribute as a target has it; `undefined`: null, which is as good as not there. Throws `DefinitionError`. */
/** Where an expression begins, which is what buildx tells of a value of the wrong type. */
export function startOf(expression: Expression): Range {
  const { kind, range } = expression
  const { start } = range
  if (['tuple', 'object', 'for-tuple', 'for-object'].includes(kind))
    return { ...range, end: start + 1 }
  if (kind === 'template' && expression.parts.length === 1 && range.source.text[start] === '"') {
    return { ...range, start: start + 1, end: range.end - 1 }
  }
  return kind === 'binary' ? startOf(expression.left) : range
}

export function decodeField(
  field: Field,
  value: Value,
  { value: expression }: Attribute,
): FieldValue | undefined {
  if (value === null) return undefined
  const range = startOf(expression)
  if (field.kind === 'truth')
    return (
      toBoolean(value) ??
      unsuitable(typeof value === 'string' ? 'a bool is required' : 'bool required', range)
    )
  if (field.kind === 'text') return toText(value) ?? unsuitable('string required', range)
  return field.kind === 'list' ? decodeTexts(value, range) : decodeMembers(value, range)
}

/** A list of texts; attributes of an output or a cache may be written as an object each. */
export function decodeTexts(value: Value, range: Range): string[] {
  if (!isList(value)) unsuitable('list of string required', range)
  return (value as readonly Value[]).map((item, at) => {
    if (isMap(item)) return formatFields(item, range)
    if (item === null) unsuitable('null value is not allowed', range)
    return toText(item) ?? unsuitable(`element ${at}: string required`, range)
  })
}

function decodeMembers(value: Value, range: Range): Members {
  if (!isMap(value)) return unsuitable('map of string required', range)
  const members = [...value].map(([name, item]): [string, string | null] => [
    name,
    item === null
      ? null
      : (toText(item) ?? unsuitable(`element ${JSON.stringify(name)}: string required`, range)),
  ])
  return Object.fromEntries(members.sort(([a], [b]) => compareText(a, b)))
}

/** `type=registry,ref=name`, as flags have it. */
function formatFields(map: ValueMap, range: Range): string {
  return [...map]
    .filter(([, value]) => value !== null)
    .sort(([a], [b]) => Number(b === 'type') - Number(a === 'type') || compareText(a, b))
    .map(([name, value]) => `${name}=${toText(value) ?? unsuitable('string required', range)}`)
    .map((text) => (/[,"\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text))
    .join(',')
}

function unsuitable(what: string, range: Range): never {
  throw fault('Unsuitable value type', `Unsuitable value: ${what}`, range)
}
