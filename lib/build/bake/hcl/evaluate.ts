import { attribute, index } from './access.ts'
import type { Expression, Loop, Part } from './ast.ts'
import { callFunction, type HclFunction } from './call.ts'
import { applyBinary, applyUnary } from './operators.ts'
import { DefinitionError, fault, type Range } from './source.ts'
import { convert, parseType } from './types.ts'
import {
  compareText,
  isList,
  isMap,
  sortedEntries,
  toBoolean,
  toText,
  typeName,
  type Value,
  type ValueMap,
} from './value.ts'

/** What the names in an expression stand for. */
export interface Names {
  /** Throws where finding it out fails. */
  variable(name: string): Value | undefined
  function(name: string): HclFunction | undefined
}

const ITEM = ' item'

/** A name that stands for what it is asked for in finding out. */
export class CycleError extends Error {}

/** As `evaluate`, for an expression that is all of an argument: it is told of where names go round in a circle. */
export function evaluateWhole(expression: Expression, names: Names): Value {
  try {
    return evaluate(expression, names)
  } catch (error) {
    if (!(error instanceof CycleError)) throw error
    throw fault('Invalid expression', error.message, expression.range)
  }
}

/** The value of an expression. Throws `DefinitionError`. */
export function evaluate(expression: Expression, names: Names): Value {
  switch (expression.kind) {
    case 'literal':
      return expression.value
    case 'template':
      return evaluateTemplate(expression.parts, expression.range, names)
    case 'variable':
      return variable(expression.name, expression.range, names)
    case 'item':
      return names.variable(ITEM) ?? null
    case 'attribute':
      return attribute(evaluate(expression.of, names), expression)
    case 'index':
      return index(evaluate(expression.of, names), evaluate(expression.key, names), {
        ...expression.range,
        start: expression.of.range.end,
      })
    case 'splat':
      return splat(evaluate(expression.of, names), expression.each, names)
    case 'unary':
      return applyUnary(expression.operator, evaluate(expression.of, names), expression.of.range)
    case 'binary':
      return applyBinary(expression, (part) => evaluate(part, names))
    case 'conditional':
      return evaluate(
        isTrue(expression.condition, names, 'conditional') ? expression.then : expression.otherwise,
        names,
      )
    case 'call':
      return call(expression, names)
    case 'tuple':
      return expression.items.map((item) => evaluate(item, names))
    case 'object':
      return new Map(
        expression.entries.map(({ key, value }) => [keyText(key, names), evaluate(value, names)]),
      )
    case 'for-tuple':
      return rounds(expression.loop, names)
        .filter((round) => !expression.condition || isTrue(expression.condition, round, 'for'))
        .map((round) => evaluate(expression.value, round))
    case 'for-object':
      return forObject(expression, names)
  }
}

function variable(name: string, range: Range, names: Names): Value {
  const value = names.variable(name)
  if (value !== undefined) return value
  throw fault('Unknown variable', `There is no variable named ${JSON.stringify(name)}.`, range)
}

function splat(of: Value, each: Expression, names: Names): Value {
  if (of === null) return []
  const items = isList(of) ? of : [of]
  return items.map((item) => evaluate(each, withNames(names, { [ITEM]: item })))
}

const withNames = (names: Names, own: Readonly<Record<string, Value>>): Names => ({
  variable: (name) => (Object.hasOwn(own, name) ? own[name] : names.variable(name)),
  function: (name) => names.function(name),
})

function isTrue(
  expression: Expression,
  names: Names,
  where: 'conditional' | 'for' | 'if',
): boolean {
  const value = evaluate(expression, names)
  const truth = toBoolean(value)
  if (truth !== undefined) return truth
  const summary = where === 'for' ? "Invalid 'for' condition" : 'Incorrect condition type'
  if (value === null)
    throw fault(
      'Null condition',
      'The condition value is null. Conditions must either be true or false.',
      expression.range,
    )
  throw fault(summary, 'The condition expression must be of type bool.', expression.range)
}

function keyText(key: Expression, names: Names): string {
  const value = evaluate(key, names)
  const text = toText(value)
  if (text !== undefined) return text
  if (value === null)
    throw fault('Null value as key', "Can't use a null value as a key.", key.range)
  throw fault('Incorrect key type', "Can't use this value as a key: string required.", key.range)
}

/** The names of each round of a loop. */
function rounds({ key, value, collection }: Loop, names: Names): Names[] {
  const of = evaluate(collection, names)
  if (of === null) {
    throw fault(
      'Iteration over null value',
      "A null value cannot be used as the collection in a 'for' expression.",
      collection.range,
    )
  }
  const members: (readonly [Value, Value])[] | undefined = isList(of)
    ? of.map((item, at) => [at, item] as const)
    : isMap(of)
      ? sortedEntries(of)
      : undefined
  if (!members) {
    throw fault(
      'Iteration over non-iterable value',
      `A value of type ${typeName(of)} cannot be used as the collection in a 'for' expression.`,
      collection.range,
    )
  }
  return members.map(([at, item]) =>
    withNames(names, key === undefined ? { [value]: item } : { [key]: at, [value]: item }),
  )
}

function forObject(
  expression: Extract<Expression, { kind: 'for-object' }>,
  names: Names,
): ValueMap {
  const { loop, key, value, condition, grouped } = expression
  const made = new Map<string, Value>()
  for (const round of rounds(loop, names)) {
    if (condition && !isTrue(condition, round, 'for')) continue
    const name = keyText(key, round)
    const item = evaluate(value, round)
    const old = made.get(name)
    if (grouped) made.set(name, [...(isList(old) ? old : []), item])
    else if (old === undefined) made.set(name, item)
    else {
      throw fault(
        'Duplicate object key',
        `Two different items produced the key ${JSON.stringify(name)} in this 'for' expression. If duplicates are expected, use the ellipsis (...) after the value expression to enable grouping by key.`,
        key.range,
      )
    }
  }
  return new Map([...made].sort(([a], [b]) => compareText(a, b)))
}

/** One interpolation alone is what it says, whatever type that has; all else is text. */
function evaluateTemplate(parts: readonly Part[], range: Range, names: Names): Value {
  const [first, ...more] = parts
  if (first?.kind === 'interpolation' && more.length === 0) return evaluate(first.of, names)
  return templateText(parts, range, names)
}

function templateText(parts: readonly Part[], range: Range, names: Names): string {
  return parts.map((part) => partText(part, range, names)).join('')
}

function partText(part: Part, range: Range, names: Names): string {
  if (part.kind === 'text') return part.text
  if (part.kind === 'if') {
    return templateText(
      isTrue(part.condition, names, 'if') ? part.then : part.otherwise,
      range,
      names,
    )
  }
  if (part.kind === 'for') {
    return rounds(part.loop, names)
      .map((round) => templateText(part.body, range, round))
      .join('')
  }
  const value = evaluate(part.of, names)
  const text = toText(value)
  if (text !== undefined) return text
  if (value === null) {
    throw fault(
      'Invalid template interpolation value',
      'The expression result is null. Cannot include a null value in a string template.',
      part.of.range,
    )
  }
  throw fault(
    'Invalid template interpolation value',
    'Cannot include the given value in a string template: string required.',
    part.of.range,
  )
}

function call(expression: Extract<Expression, { kind: 'call' }>, names: Names): Value {
  const { name, args, spread, range } = expression
  if (name === 'try') return tryAll(args, names, range)
  if (name === 'can') return args.every((part) => succeeds(part, names))
  const [of, type] = args
  if (name === 'convert' && of && type && args.length === 2) {
    return convert(evaluate(of, names), parseType(type), of.range)
  }
  const values = args.map((part) => evaluate(part, names))
  if (spread) {
    const last = values.pop()
    if (!isList(last)) {
      throw fault(
        'Invalid expanding argument value',
        'The expanding argument (indicated by ...) must be of a tuple, list, or set type.',
        args.at(-1)?.range ?? range,
      )
    }
    values.push(...last)
  }
  return callFunction(names.function(name), expression, values)
}

function succeeds(expression: Expression, names: Names): boolean {
  try {
    evaluate(expression, names)
    return true
  } catch (error) {
    if (error instanceof DefinitionError) return false
    throw error
  }
}

function tryAll(args: readonly Expression[], names: Names, range: Range): Value {
  for (const part of args) {
    try {
      return evaluate(part, names)
    } catch (error) {
      if (!(error instanceof DefinitionError)) throw error
    }
  }
  throw fault(
    'Error in function call',
    'Call to function "try" failed: no expression succeeded.',
    range,
  )
}
