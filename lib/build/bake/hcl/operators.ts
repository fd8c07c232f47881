import type { Expression } from './ast.ts'
import { fault, type Range } from './source.ts'
import { isEqual, toBoolean, toNumber, type Value } from './value.ts'

type Binary = Extract<Expression, { kind: 'binary' }>

const NUMBERS: Readonly<Record<string, (a: number, b: number) => Value>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
}

export function applyBinary(
  { operator, left, right, range }: Binary,
  evaluate: (part: Expression) => Value,
): Value {
  const [a, b] = [evaluate(left), evaluate(right)]
  if (operator === '==') return isEqual(a, b)
  if (operator === '!=') return !isEqual(a, b)
  if (operator === '&&')
    return [boolean(a, left.range, ' left'), boolean(b, right.range, ' right')].every(Boolean)
  if (operator === '||')
    return [boolean(a, left.range, ' left'), boolean(b, right.range, ' right')].some(Boolean)
  const [x, y] = [number(a, left.range, ' left'), number(b, right.range, ' right')]
  if ((operator === '/' || operator === '%') && y === 0) {
    throw fault('Division by zero', 'Cannot divide by zero.', range)
  }
  return NUMBERS[operator]?.(x, y) ?? null
}

export const applyUnary = (operator: '-' | '!', value: Value, range: Range): Value =>
  operator === '-' ? -number(value, range) : !boolean(value, range)

const INVALID = 'Invalid operand'

function number(value: Value, range: Range, side = ''): number {
  const found = toNumber(value)
  if (found !== undefined) return found
  throw fault(
    INVALID,
    `Unsuitable value for${side || ' unary'} operand: a number is required.`,
    range,
  )
}

function boolean(value: Value, range: Range, side = ''): boolean {
  const found = toBoolean(value)
  if (found !== undefined) return found
  throw fault(
    INVALID,
    `Unsuitable value for${side || ' unary'} operand: a bool is required.`,
    range,
  )
}
