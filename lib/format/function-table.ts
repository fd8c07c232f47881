import type { Parameter, Value } from './values.ts'

export interface TemplateFunction {
  parameters: readonly Parameter[]
  /** The last parameter may be given any number of times, also none. */
  variadic?: boolean
  /** Throws `FunctionError`. */
  call: (...values: Value[]) => Value
}

export type FunctionTable = Readonly<Record<string, TemplateFunction>>
