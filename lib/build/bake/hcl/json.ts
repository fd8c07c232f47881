import type { Attribute, Block, Body, Expression } from './ast.ts'
import { parseTemplate } from './parse-expression.ts'
import { Scanner } from './scan.ts'
import { fault, type Range, type Source } from './source.ts'

/** What is a block in a definition, and how many labels each kind has. */
export type BlockSchema = Readonly<Record<string, number>>

type Json = Readonly<Record<string, unknown>>

/** Reads a definition in HCL's JSON form: texts in it are templates. Throws `DefinitionError`. */
export function parseJsonDefinition(source: Source, schema: BlockSchema): Body {
  let document: unknown
  try {
    document = JSON.parse(source.text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw fault('Invalid JSON', reason, positionIn(source, reason))
  }
  if (!isObject(document)) {
    throw fault('Invalid JSON', 'The root value of a definition must be an object.', whole(source))
  }
  return toBody(document, schema, source)
}

const whole = (source: Source): Range => ({ source, start: 0, end: 0 })

/** Node tells the offset of what it did not like. */
function positionIn(source: Source, reason: string): Range {
  const start = Number(/position (\d+)/.exec(reason)?.[1] ?? 0)
  return { source, start, end: Math.min(start + 1, source.text.length) }
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function toBody(object: Json, schema: BlockSchema, source: Source): Body {
  const body: Body = { attributes: new Map(), blocks: [] }
  for (const [name, value] of Object.entries(object)) {
    if (name === '//') continue
    const labels = Object.hasOwn(schema, name) ? schema[name] : undefined
    if (labels !== undefined) body.blocks.push(...toBlocks(name, labels, value, source))
    else body.attributes.set(name, toAttribute(name, value, source))
  }
  return body
}

/** An object per label; a list where there are several of one kind. */
function toBlocks(
  type: string,
  labels: number,
  value: unknown,
  source: Source,
  given: string[] = [],
): Block[] {
  const range = locate(source, given.at(-1) ?? type)
  if (Array.isArray(value))
    return value.flatMap((item) => toBlocks(type, labels, item, source, given))
  if (!isObject(value)) {
    throw fault(
      'Incorrect JSON value type',
      'A JSON object is required, either representing a block or a labeled set of blocks.',
      range,
    )
  }
  if (labels > given.length) {
    return Object.entries(value).flatMap(([label, inner]) =>
      toBlocks(type, labels, inner, source, [...given, label]),
    )
  }
  const schema = type === 'variable' ? { validation: 0 } : {}
  return [
    {
      type,
      labels: given.map((text) => ({ text, range })),
      body: toBody(value, schema, source),
      range,
      start: range,
      open: range,
    },
  ]
}

function toAttribute(name: string, value: unknown, source: Source): Attribute {
  const nameRange = locate(source, name)
  return { name, nameRange, value: toExpression(value, source, nameRange) }
}

function toExpression(value: unknown, source: Source, range: Range): Expression {
  if (typeof value === 'string') return fromText(value, source, range)
  if (Array.isArray(value)) {
    return { kind: 'tuple', items: value.map((item) => toExpression(item, source, range)), range }
  }
  if (!isObject(value)) return { kind: 'literal', value: value as null | number | boolean, range }
  const entries = Object.entries(value).map(([key, item]) => ({
    key: fromText(key, source, range),
    value: toExpression(item, source, range),
  }))
  return { kind: 'object', entries, range }
}

/** What is wrong in the text is told of where the text is. */
function fromText(text: string, source: Source, range: Range): Expression {
  if (!/[$%]\{/.test(text)) return { kind: 'literal', value: text, range }
  const at = source.text.indexOf(text, range.end)
  const isPlain = at >= 0
  const own = isPlain ? source : { name: source.name, text }
  const scanner = isPlain ? new Scanner(own, at, at + text.length) : new Scanner(own)
  return parseTemplate(scanner)
}

/** Where a member probably is: the parser of JSON does not say. */
function locate(source: Source, name: string): Range {
  const quoted = JSON.stringify(name)
  const start = Math.max(0, source.text.indexOf(quoted))
  return { source, start, end: start + quoted.length }
}
