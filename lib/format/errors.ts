import { LighterError } from '../core/errors.ts'

/** A template that cannot be read, in the words of Go: `template: :1: unclosed action`. */
export class TemplateSyntaxError extends LighterError {
  constructor(message: string) {
    super('bad-input', message)
  }
}

/** A template that cannot be carried out with this data. */
export class TemplateExecutionError extends LighterError {
  constructor(message: string) {
    super('bad-input', message)
  }
}

/** Thrown by functions: the evaluator says which one it was. */
export class FunctionError extends Error {}
