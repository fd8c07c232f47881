import { CallError } from './call.ts'
import { define, type FunctionTable } from './define.ts'
import { isEqual, type Value } from './value.ts'

const TWO = 'a:number b:number'

const divide = (a: number, b: number): number => {
  if (b === 0) throw new CallError('division by zero')
  return a / b
}

function parseInteger(text: string, base: number): number {
  const digits = '0123456789abcdefghijklmnopqrstuvwxyz'.slice(0, base)
  const isGood = base >= 2 && base <= 36 && new RegExp(`^[+-]?[${digits}]+$`, 'i').test(text)
  if (isGood) return Number.parseInt(text, base)
  throw new CallError(`cannot parse ${JSON.stringify(text)} as a base ${base} integer`)
}

const some = (numbers: readonly number[]): readonly number[] => {
  if (numbers.length === 0) throw new CallError('must pass at least one number')
  return numbers
}

/** Arithmetic, comparisons and logic as functions. */
export const numberFunctions: FunctionTable = {
  absolute: define('num:number', Math.abs),
  add: define(TWO, (a: number, b: number) => a + b),
  and: define('a:bool b:bool', (a: boolean, b: boolean) => a && b),
  ceil: define('num:number', Math.ceil),
  divide: define(TWO, divide),
  equal: define('a:any b:any', (a: Value, b: Value) => isEqual(a, b)),
  floor: define('num:number', Math.floor),
  greaterthan: define(TWO, (a: number, b: number) => a > b),
  greaterthanorequalto: define(TWO, (a: number, b: number) => a >= b),
  int: define('num:number', Math.trunc),
  lessthan: define(TWO, (a: number, b: number) => a < b),
  lessthanorequalto: define(TWO, (a: number, b: number) => a <= b),
  log: define(
    'num:number base:number',
    (value: number, base: number) => Math.log(value) / Math.log(base),
  ),
  max: define('...numbers:number', (...numbers: number[]) => Math.max(...some(numbers))),
  min: define('...numbers:number', (...numbers: number[]) => Math.min(...some(numbers))),
  modulo: define(TWO, (a: number, b: number) => {
    divide(a, b)
    return a % b
  }),
  multiply: define(TWO, (a: number, b: number) => a * b),
  negate: define('num:number', (value: number) => -value),
  not: define('val:bool', (value: boolean) => !value),
  notequal: define('a:any b:any', (a: Value, b: Value) => !isEqual(a, b)),
  or: define('a:bool b:bool', (a: boolean, b: boolean) => a || b),
  parseint: define('number:string base:number', parseInteger),
  pow: define('num:number power:number', (value: number, power: number) => value ** power),
  signum: define('num:number', Math.sign),
  subtract: define(TWO, (a: number, b: number) => a - b),
}
