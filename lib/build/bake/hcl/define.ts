import type { HclFunction, Parameter, ParameterType } from './call.ts'
import type { Value } from './value.ts'

/**
 * Makes a function whose arguments are written like `str:string sep:string? ...rest:any`: names and types; `?`: may be null; `...`: any
 * number of them.
 */
// biome-ignore lint/suspicious/noExplicitAny: what an argument is its type here says, which is checked before the call
export function define(signature: string, run: (...args: any[]) => Value): HclFunction {
  const parameters: Parameter[] = []
  let rest: Parameter | undefined
  for (const word of signature.split(' ').filter((part) => part !== '')) {
    const [, dots, name = '', type = 'any', optional] =
      /^(\.\.\.)?(\w+):(\w+)(\?)?$/.exec(word) ?? []
    const parameter = {
      name,
      type: type as ParameterType,
      nullable: optional !== undefined || type === 'any',
    }
    if (dots) rest = parameter
    else parameters.push(parameter)
  }
  return { parameters, rest, run: (args) => run(...args) }
}

export type FunctionTable = Readonly<Record<string, HclFunction>>
