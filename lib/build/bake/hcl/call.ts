import type { Expression } from './ast.ts'
import { DefinitionError, fault, type Range } from './source.ts'
import { isList, isMap, toBoolean, toNumber, toText, type Value } from './value.ts'

export type ParameterType = 'string' | 'number' | 'bool' | 'list' | 'map' | 'any'

export interface Parameter {
  name: string
  type: ParameterType
  /** Null is a value like others. */
  nullable: boolean
}

/** A function of expressions. What `run` gets has the types of the parameters. */
export interface HclFunction {
  parameters: readonly Parameter[]
  /** What all further arguments are. */
  rest: Parameter | undefined
  run(args: Value[]): Value
}

/** What a function has against its arguments. */
export class CallError extends Error {}

type Call = Extract<Expression, { kind: 'call' }>

/** Calls a function with values that stand at the places of its arguments. Throws `DefinitionError`. */
export function callFunction(
  found: HclFunction | undefined,
  call: Call,
  values: readonly Value[],
): Value {
  const { name, nameRange, range, args } = call
  if (!found) {
    throw fault(
      'Call to unknown function',
      `There is no function named ${JSON.stringify(name)}.`,
      nameRange,
    )
  }
  checkCount(found, call, values.length)
  const given = values.map((value, at) => {
    const parameter = found.parameters[at] ?? found.rest
    return parameter ? checkArgument(parameter, value, args[at]?.range ?? range) : value
  })
  try {
    return found.run(given)
  } catch (error) {
    if (error instanceof DefinitionError || !(error instanceof CallError)) throw error
    const detail = `Call to function ${JSON.stringify(name)} failed: ${error.message}.`
    throw fault('Error in function call', detail, range)
  }
}

function checkCount(
  { parameters, rest }: HclFunction,
  { name, range, args }: Call,
  count: number,
): void {
  const quoted = JSON.stringify(name)
  const missing = parameters[count]
  const wanted = `${rest ? 'at least ' : ''}${parameters.length} argument(s)`
  if (missing) {
    const detail = `Function ${quoted} expects ${wanted}. Missing value for ${JSON.stringify(missing.name)}.`
    const end = { ...range, start: range.end - 1 }
    throw fault('Not enough function arguments', detail, end)
  }
  if (rest || count <= parameters.length) return
  const detail = `Function ${quoted} expects only ${parameters.length} argument(s).`
  throw fault('Too many function arguments', detail, args[parameters.length]?.range ?? range)
}

const READERS: Readonly<Record<ParameterType, (value: Value) => Value | undefined>> = {
  string: toText,
  number: toNumber,
  bool: toBoolean,
  list: (value) => (isList(value) ? value : undefined),
  map: (value) => (isMap(value) ? value : undefined),
  any: (value) => value,
}

function checkArgument({ name, type, nullable }: Parameter, value: Value, range: Range): Value {
  if (value === null && nullable) return value
  const made = value === null ? undefined : READERS[type](value)
  if (made !== undefined) return made
  const detail = `Invalid value for ${JSON.stringify(name)} parameter: ${value === null ? 'argument must not be null' : REQUIRED[type]}.`
  throw fault('Invalid function argument', detail, range)
}

const REQUIRED: Readonly<Record<ParameterType, string>> = {
  string: 'string required',
  number: 'a number is required',
  bool: 'a bool is required',
  list: 'list of any single type required',
  map: 'map of any single type required',
  any: 'value required',
}
