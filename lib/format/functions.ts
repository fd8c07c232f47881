import { compareFunctions } from './compare.ts'
import { FunctionError } from './errors.ts'
import { escapeHtml, escapeJavaScript, escapeQuery } from './escape.ts'
import type { FunctionTable, TemplateFunction } from './function-table.ts'
import { printAll, printLine, printValue } from './print.ts'
import { formatAll } from './printf.ts'
import {
  ANYTHING,
  BYTE,
  bool,
  concrete,
  elementsOf,
  entryOf,
  type GoValue,
  indirect,
  int,
  intOf,
  isTrue,
  lengthOf,
  STRING,
  string,
  textOf,
  type Value,
} from './values.ts'

/** A value in print: what a pointer points to, `<no value>` where there is none. */
export function printable(value: Value): string {
  const inner = value?.type.kind === 'pointer' ? indirect(value).value : value
  return inner ? printValue(inner) : '<no value>'
}

const escaping = (encode: (text: string) => string): TemplateFunction => ({
  parameters: ['any'],
  variadic: true,
  call: (...values) => {
    const shown = values.map((value) => (value ? value : string('<no value>')))
    return string(encode(printAll(shown)))
  },
})

const printing = (print: (values: Value[]) => string): TemplateFunction => ({
  parameters: ['any'],
  variadic: true,
  call: (...values) => string(print(values)),
})

/** What every Go template can call. `and`, `or` and `call` are the evaluator's: they look at more than values. */
export const builtins: FunctionTable = {
  and: { parameters: ['any', 'any'], variadic: true, call: (value) => value },
  or: { parameters: ['any', 'any'], variadic: true, call: (value) => value },
  call: { parameters: ['any', 'any'], variadic: true, call: (value) => value },
  not: { parameters: ['any'], call: (value) => bool(!isTrue(concrete(value))) },
  html: escaping(escapeHtml),
  js: escaping(escapeJavaScript),
  urlquery: escaping(escapeQuery),
  print: printing(printAll),
  println: printing(printLine),
  printf: {
    parameters: ['string', 'any'],
    variadic: true,
    call: (format, ...values) => string(formatAll(format ? textOf(format) : '', values)),
  },
  len: { parameters: ['any'], call: length },
  index: { parameters: ['any', 'any'], variadic: true, call: index },
  slice: { parameters: ['any', 'any'], variadic: true, call: slice },
  ...compareFunctions,
}

function length(argument: Value): Value {
  const { value, isNil } = indirect(argument)
  if (!value) throw new FunctionError('reflect: call of reflect.Value.Type on zero Value')
  if (isNil) throw new FunctionError('len of nil pointer')
  const count = lengthOf(value)
  if (count === undefined) throw new FunctionError(`len of type ${value.type.name}`)
  return int(count)
}

function index(argument: Value, ...indexes: Value[]): Value {
  let item = concrete(argument)
  if (!item) throw new FunctionError('index of untyped nil')
  for (const raw of indexes) {
    const key = concrete(raw)
    const { value, isNil }: { value: Value; isNil: boolean } = indirect(item)
    if (isNil || !value) throw new FunctionError('index of nil pointer')
    item = indexOne(value, key)
  }
  return item
}

function indexOne(value: GoValue, key: Value): GoValue {
  const { kind, name, element = ANYTHING } = value.type
  if (kind === 'map') {
    const wanted = (value.type.key ?? STRING).name
    if (!key) throw new FunctionError(`value is nil; should be of type ${wanted}`)
    if (key.type.name !== wanted) {
      throw new FunctionError(`value has type ${key.type.name}; should be ${wanted}`)
    }
    return entryOf(value, textOf(key)) ?? { type: element, data: undefined }
  }
  if (kind !== 'slice' && kind !== 'string') {
    throw new FunctionError(`can't index item of type ${name}`)
  }
  const count = lengthOf(value) ?? 0
  const at = position(key, count)
  // Go's own check lets the length pass; what follows is then the runtime's.
  if (at === count) throw new FunctionError(`reflect: ${kind} index out of range`)
  if (kind === 'string') return { type: BYTE, data: BigInt(Buffer.from(textOf(value))[at] ?? 0) }
  return elementsOf(value)[at] ?? { type: element, data: undefined }
}

function position(key: Value, last: number): number {
  if (!key) throw new FunctionError('cannot index slice/array with nil')
  if (key.type.kind !== 'int' && key.type.kind !== 'uint8') {
    throw new FunctionError(`cannot index slice/array with type ${key.type.name}`)
  }
  const at = Number(intOf(key))
  if (at < 0 || at > last) throw new FunctionError(`index out of range: ${at}`)
  return at
}

function slice(argument: Value, ...indexes: Value[]): Value {
  const item = concrete(argument)
  if (!item) throw new FunctionError('slice of untyped nil')
  if (indexes.length > 3) throw new FunctionError(`too many slice indexes: ${indexes.length}`)
  const { value, isNil } = indirect(item)
  if (isNil || !value) throw new FunctionError('slice of nil pointer')
  const { kind, name } = value.type
  if (kind !== 'string' && kind !== 'slice') {
    throw new FunctionError(`can't slice item of type ${name}`)
  }
  if (kind === 'string' && indexes.length === 3) {
    throw new FunctionError('cannot 3-index slice a string')
  }
  const count = lengthOf(value) ?? 0
  const bounds = indexes.map((key) => position(concrete(key), count))
  const [from = 0, to = count, most = to] = bounds
  if (from > to) throw new FunctionError(`invalid slice index: ${from} > ${to}`)
  if (to > most) throw new FunctionError(`invalid slice index: ${to} > ${most}`)
  if (kind === 'string') return string(Buffer.from(textOf(value)).subarray(from, to).toString())
  const list = Array.isArray(value.data) ? value.data : []
  return { type: value.type, data: list.slice(from, to) }
}
