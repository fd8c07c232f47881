import { TemplateExecutionError } from './errors.ts'
import { Evaluator } from './evaluate.ts'
import type { FunctionTable } from './function-table.ts'
import { printable } from './functions.ts'
import type { Branch, Node, Pipeline } from './nodes.ts'
import type { ParsedTemplate } from './parse.ts'
import {
  concrete,
  elementsOf,
  entriesOf,
  type GoValue,
  indirect,
  int,
  intOf,
  isTrue,
  type Value,
} from './values.ts'

export interface ExecuteOptions {
  functions: FunctionTable
  /** A key that a map does not have is an error, not `<no value>`. */
  strictKeys?: boolean
}

/** Deeper calls of templates by templates end with an error, not with the program. Go's limit is the one that the text names. */
const MAX_DEPTH = 1000
const MAX_DEPTH_OF_GO = 100_000
/** `range` over a number must not fill the memory of who only wanted a number printed. */
const MAX_OUTPUT = 64 * 1024 * 1024

class Jump {
  readonly kind: 'break' | 'continue'
  constructor(kind: 'break' | 'continue') {
    this.kind = kind
  }
}

/** What is printed when the template meets the value. Throws `TemplateExecutionError`. */
export function execute(template: ParsedTemplate, value: Value, options: ExecuteOptions): string {
  const walker = new Walker(template, options)
  walker.template('', template.main, value)
  return walker.output.join('')
}

/** As `execute`, also when it fails: what was printed until then. */
export function executePartly(
  template: ParsedTemplate,
  value: Value,
  options: ExecuteOptions,
): string {
  const walker = new Walker(template, options)
  try {
    walker.template('', template.main, value)
  } catch (error) {
    if (!(error instanceof TemplateExecutionError)) throw error
  }
  return walker.output.join('')
}

class Walker {
  readonly output: string[] = []
  readonly #parsed: ParsedTemplate
  readonly #options: ExecuteOptions
  #evaluator!: Evaluator
  #depth = 0
  #size = 0

  constructor(parsed: ParsedTemplate, options: ExecuteOptions) {
    this.#parsed = parsed
    this.#options = options
  }

  /** A template with variables of its own: only `$` is there. */
  template(name: string, nodes: readonly Node[], value: Value): void {
    const outer = this.#evaluator
    this.#evaluator = new Evaluator({
      text: this.#parsed.text,
      name,
      root: value,
      functions: this.#options.functions,
      strictKeys: this.#options.strictKeys === true,
    })
    this.#walkAll(value, nodes)
    this.#evaluator = outer
  }

  #walkAll(dot: Value, nodes: readonly Node[]): void {
    for (const node of nodes) this.#walk(dot, node)
  }

  #walk(dot: Value, node: Node): void {
    const evaluator = this.#evaluator
    evaluator.at(node)
    switch (node.kind) {
      case 'text':
        this.#write(node.text)
        break
      case 'action': {
        const value = evaluator.pipeline(dot, node.pipeline)
        if (node.pipeline.variables.length === 0) {
          evaluator.at(node)
          this.#write(printable(value))
        }
        break
      }
      case 'break':
      case 'continue':
        throw new Jump(node.kind)
      case 'template':
        this.#call(dot, node.name, node.pipeline)
        break
      case 'range':
        this.#scoped(() => this.#range(dot, node))
        break
      default:
        this.#scoped(() => this.#choose(dot, node))
    }
  }

  #write(text: string): void {
    this.#size += text.length
    if (this.#size > MAX_OUTPUT) this.#evaluator.fail('output is too long')
    this.output.push(text)
  }

  #scoped(action: () => void): void {
    const { variables } = this.#evaluator
    const mark = variables.length
    try {
      action()
    } finally {
      variables.length = mark
    }
  }

  #choose(dot: Value, { kind, pipeline, body, otherwise }: Branch): void {
    const value = this.#evaluator.pipeline(dot, pipeline)
    if (isTrue(concrete(value))) this.#walkAll(kind === 'with' ? value : dot, body)
    else if (otherwise) this.#walkAll(dot, otherwise)
  }

  #call(dot: Value, name: string, pipeline: Pipeline | undefined): void {
    const nodes = this.#parsed.named.get(name)
    if (!nodes) this.#evaluator.fail(`template ${JSON.stringify(name)} not defined`)
    if (this.#depth >= MAX_DEPTH) {
      this.#evaluator.fail(`exceeded maximum template depth (${MAX_DEPTH_OF_GO})`)
    }
    const value = pipeline && this.#evaluator.pipeline(dot, pipeline)
    this.#depth++
    this.template(name, nodes, value)
    this.#depth--
  }

  #range(dot: Value, branch: Branch): void {
    const whole = this.#evaluator.pipeline(dot, branch.pipeline)
    const { value } = indirect(whole)
    let count = 0
    for (const [index, element] of this.#iterate(value, branch)) {
      count++
      if (!this.#once(branch, index, element)) break
    }
    if (count === 0 && branch.otherwise) this.#walkAll(dot, branch.otherwise)
  }

  *#iterate(value: Value, branch: Branch): Generator<[GoValue, GoValue]> {
    if (!value) return
    switch (value.type.kind) {
      case 'slice':
        for (const [index, element] of elementsOf(value).entries()) yield [int(index), element]
        return
      case 'map':
        yield* entriesOf(value)
        return
      case 'int':
        if (branch.pipeline.variables.length > 1) {
          this.#evaluator.fail(
            `can't use ${printable(value)} to iterate over more than one variable`,
          )
        }
        for (let at = 0n; at < intOf(value); at++) yield [int(at), int(at)]
        return
      default:
        this.#evaluator.fail(`range can't iterate over ${printable(value)}`)
    }
  }

  /** Returns whether the loop goes on. */
  #once({ pipeline, body }: Branch, index: GoValue, element: GoValue): boolean {
    const evaluator = this.#evaluator
    const { variables } = evaluator
    const [first, second] = pipeline.variables
    const [forFirst, forSecond] = second === undefined ? [element, element] : [index, element]
    if (pipeline.isAssignment) {
      if (first) evaluator.assign(first, forFirst)
      if (second) evaluator.assign(second, forSecond)
    } else {
      const mark = variables.length
      const top = variables[mark - 1]
      const below = variables[mark - 2]
      if (second === undefined) {
        if (first && top) top.value = element
      } else {
        if (top) top.value = element
        if (below) below.value = index
      }
    }
    const mark = variables.length
    try {
      this.#walkAll(element, body)
      return true
    } catch (error) {
      if (!(error instanceof Jump)) throw error
      return error.kind === 'continue'
    } finally {
      variables.length = mark
    }
  }
}
