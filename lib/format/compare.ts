import { FunctionError } from './errors.ts'
import type { TemplateFunction } from './function-table.ts'
import { printValue } from './print.ts'
import {
  bool,
  compareBytes,
  concrete,
  floatOf,
  type GoValue,
  intOf,
  textOf,
  type Value,
} from './values.ts'

type Basic = 'bool' | 'int' | 'float' | 'string'

/** What can be compared by order or value; `undefined` for everything else. */
function basicKind(value: Value): Basic | undefined {
  switch (value?.type.kind) {
    case 'bool':
      return 'bool'
    case 'int':
    case 'uint8':
      return 'int'
    case 'float':
      return 'float'
    case 'string':
      return 'string'
    default:
      return undefined
  }
}

/** Whether the first equals any of the others. */
function equal(first: Value, ...others: Value[]): Value {
  if (others.length === 0) throw new FunctionError('missing argument for comparison')
  const left = concrete(first)
  for (const other of others) if (isEqual(left, concrete(other))) return bool(true)
  return bool(false)
}

function isEqual(left: Value, right: Value): boolean {
  const kind = basicKind(left)
  if (kind !== basicKind(right)) {
    if (left && right) throw new FunctionError('incompatible types for comparison')
    return false
  }
  if (kind && left && right) return order(kind, left, right) === 0
  for (const value of [left, right]) {
    if (value && (value.type.kind === 'slice' || value.type.kind === 'map')) {
      throw new FunctionError(`non-comparable type ${printValue(value)}: ${value.type.name}`)
    }
  }
  const isNil = (value: Value) => value?.data === undefined || value.data === null
  if (isNil(left) || isNil(right)) return isNil(left) === isNil(right)
  return left?.data === right?.data
}

function order(kind: Basic, left: GoValue, right: GoValue): number {
  switch (kind) {
    case 'bool':
      return Number(left.data === true) - Number(right.data === true)
    case 'int': {
      const [a, b] = [intOf(left), intOf(right)]
      return a < b ? -1 : a > b ? 1 : 0
    }
    case 'float':
      return Math.sign(floatOf(left) - floatOf(right))
    case 'string':
      return compareBytes(textOf(left), textOf(right))
  }
}

function compare(left: Value, right: Value): number {
  const [first, second] = [concrete(left), concrete(right)]
  const [kind, other] = [basicKind(first), basicKind(second)]
  if (!kind || !other || !first || !second) {
    throw new FunctionError('invalid type for comparison')
  }
  if (kind !== other) throw new FunctionError('incompatible types for comparison')
  if (kind === 'bool') throw new FunctionError('invalid type for comparison')
  return order(kind, first, second)
}

const ordering = (accept: (sign: number) => boolean): TemplateFunction => ({
  parameters: ['any', 'any'],
  call: (left, right) => bool(accept(compare(left, right))),
})

/** eq, ne, lt, le, gt, ge. */
export const compareFunctions: Readonly<Record<string, TemplateFunction>> = {
  eq: { parameters: ['any', 'any'], variadic: true, call: equal },
  ne: {
    parameters: ['any', 'any'],
    call: (left, right) => bool(!isEqual(concrete(left), concrete(right))),
  },
  lt: ordering((sign) => sign < 0),
  le: ordering((sign) => sign <= 0),
  gt: ordering((sign) => sign > 0),
  ge: ordering((sign) => sign >= 0),
}
