import { dockerFunctions, headerFunctions } from './docker.ts'
import { TemplateExecutionError, TemplateSyntaxError } from './errors.ts'
import { execute, executePartly } from './execute.ts'
import type { FunctionTable } from './function-table.ts'
import { builtins } from './functions.ts'
import { parse } from './parse.ts'
import type { Value } from './values.ts'

/** A template of Docker's `--format`, read once and executed any number of times. */
export interface Template {
  /** Throws `TemplateExecutionError`. With `strictKeys`, keys that a map does not have are an error. */
  execute: (value: Value, options?: { strictKeys?: boolean }) => string
  /** The head of a table: what fails ends the line there, and functions leave the names as they are. */
  executeHead: (value: Value) => string
}

/** Reads a template with the functions of Go and of Docker. Throws `TemplateSyntaxError`. */
export const parseTemplate = (text: string): Template => parseTemplateWith(text, dockerFunctions)

/** The same with other functions beside Go's own. Throws `TemplateSyntaxError`. */
export function parseTemplateWith(text: string, own: FunctionTable): Template {
  const functions = { ...builtins, ...own }
  const parsed = withinStack(
    () => parse(text, (name) => Object.hasOwn(functions, name)),
    () => new TemplateSyntaxError('template: :1: too deeply nested'),
  )
  return {
    execute: (value, options = {}) =>
      withinStack(
        () => execute(parsed, value, { functions, ...options }),
        () => new TemplateExecutionError('template: too deeply nested'),
      ),
    executeHead: (value) =>
      executePartly(parsed, value, { functions: { ...builtins, ...headerFunctions } }),
  }
}

/** Templates call themselves and nest as they like; the stack that ends it is an error of theirs. */
function withinStack<Result>(action: () => Result, tooDeep: () => Error): Result {
  try {
    return action()
  } catch (error) {
    throw error instanceof RangeError ? tooDeep() : error
  }
}
