import { convert } from './convert.ts'
import { FunctionError, TemplateExecutionError } from './errors.ts'
import type { FunctionTable } from './function-table.ts'
import { type Command, describe, type Node, type Operand, type Pipeline } from './nodes.ts'
import { quote } from './quote.ts'
import {
  bool,
  concrete,
  entryOf,
  FLOAT,
  fieldOf,
  type GoMethod,
  type GoType,
  type GoValue,
  hasField,
  indirect,
  int,
  isTrue,
  type Parameter,
  STRING,
  string,
  type Value,
} from './values.ts'

/** The value that a pipeline hands to the next command as its last argument; `undefined` where there is none before. */
type Final = { value: Value } | undefined

/** What can be called: a function of the table, or a method bound to its data. */
interface Callable {
  parameters: readonly Parameter[]
  variadic?: boolean
  call: (...values: Value[]) => Value
}

export interface Surroundings {
  text: string
  /** Of the template that is being executed. */
  name: string
  root: Value
  functions: FunctionTable
  strictKeys: boolean
}

type Place = Node | Operand | Command

/** Computes pipelines with the rules and the errors of Go's templates. */
export class Evaluator {
  /** The innermost last. */
  readonly variables: { name: string; value: Value }[]
  readonly #around: Surroundings
  #place: Place | undefined

  constructor(around: Surroundings) {
    this.#around = around
    this.variables = [{ name: '$', value: around.root }]
  }

  /** Says where an error would be. */
  at(place: Place): void {
    this.#place = place
  }

  fail(message: string): never {
    const { text, name } = this.#around
    const place = this.#place
    if (!place) throw new TemplateExecutionError(`template: ${message}`)
    const before = text.slice(0, place.at).split('\n')
    const column = Buffer.byteLength(before.at(-1) ?? '')
    throw new TemplateExecutionError(
      `template: :${before.length}:${column}: executing ${quote(name)} at <${describe(place)}>: ${message}`,
    )
  }

  assign(name: string, value: Value): void {
    const variable = this.variables.findLast((candidate) => candidate.name === name)
    if (!variable) this.fail(`undefined variable: ${name}`)
    variable.value = value
  }

  pipeline(dot: Value, pipeline: Pipeline): Value {
    this.at(pipeline)
    let final: Final
    for (const command of pipeline.commands) {
      final = { value: concrete(this.#command(dot, command, final)) }
    }
    const value = final?.value
    for (const name of pipeline.variables) {
      if (pipeline.isAssignment) this.assign(name, value)
      else this.variables.push({ name, value })
    }
    return value
  }

  #command(dot: Value, command: Command, final: Final): Value {
    const [first, ...rest] = command.words
    if (!first) this.fail('empty command')
    switch (first.kind) {
      case 'field':
      case 'chain':
      case 'variable':
      case 'identifier':
        return this.#callable(dot, first, rest, final, command)
      case 'pipeline':
        this.#refuseArguments(first, rest, final)
        return this.pipeline(dot, first)
    }
    this.at(first)
    this.#refuseArguments(first, rest, final)
    if (first.kind === 'nil') this.fail('nil is not a command')
    return first.kind === 'dot' ? dot : this.#constant(first)
  }

  #refuseArguments(first: Operand, rest: readonly Operand[], final: Final): void {
    if (rest.length > 0 || final) {
      this.fail(`can't give argument to non-function ${describe(first)}`)
    }
  }

  /** What may take arguments: fields (they may be methods), variables' fields, functions. */
  #callable(
    dot: Value,
    word: Operand,
    rest: readonly Operand[],
    final: Final,
    place: Place = word,
  ): Value {
    this.at(word)
    switch (word.kind) {
      case 'field':
        return this.#fields(dot, dot, word, word.names, rest, final)
      case 'chain': {
        if (word.base.kind === 'nil') {
          this.fail(`indirection through explicit nil in ${describe(word)}`)
        }
        const base = this.#argument(dot, 'any', word.base)
        return this.#fields(dot, base, word, word.names, rest, final)
      }
      case 'variable': {
        const [name = '', ...names] = word.names
        const value = this.#variable(name)
        if (names.length > 0) return this.#fields(dot, value, word, names, rest, final)
        this.#refuseArguments(word, rest, final)
        return value
      }
      case 'identifier': {
        const found = this.#around.functions[word.name]
        if (!found) this.fail(`${quote(word.name)} is not a defined function`)
        return this.#call(dot, word.name, found, rest, final, place)
      }
      default:
        return this.fail(`cannot evaluate ${describe(word)}`)
    }
  }

  #variable(name: string): Value {
    const variable = this.variables.findLast((candidate) => candidate.name === name)
    if (!variable) this.fail(`undefined variable: ${name}`)
    return variable.value
  }

  #fields(
    dot: Value,
    receiver: Value,
    place: Operand,
    names: readonly string[],
    rest: readonly Operand[],
    final: Final,
  ): Value {
    return names.reduce((value: Value, name, index) => {
      const last = index === names.length - 1
      return this.#field(dot, value, place, name, last ? rest : [], last ? final : undefined)
    }, receiver)
  }

  #field(
    dot: Value,
    receiver: Value,
    place: Operand,
    name: string,
    rest: readonly Operand[],
    final: Final,
  ): Value {
    if (!receiver) {
      if (this.#around.strictKeys) this.fail(`nil data; no entry for key ${quote(name)}`)
      return undefined
    }
    const { value, isNil } = indirect(receiver)
    const type = receiver.type
    if (!value || (value.type.kind === 'interface' && isNil)) {
      this.fail(`nil pointer evaluating ${type.name}.${name}`)
    }
    const method = methodOf(value.type, name)
    if (method) {
      const call = (...values: Value[]) => method.call(value.data, values)
      return this.#call(dot, name, { parameters: method.parameters, call }, rest, final, place)
    }
    return this.#member(value, type, name, rest.length > 0 || final !== undefined, isNil)
  }

  #member(
    value: GoValue,
    type: GoType,
    name: string,
    hasArguments: boolean,
    isNil: boolean,
  ): Value {
    switch (value.type.kind) {
      case 'struct': {
        const found = fieldOf(value, name)
        if (!found) break
        if (hasArguments) this.fail(`${name} has arguments but cannot be invoked as function`)
        return found
      }
      case 'map': {
        if ((value.type.key ?? STRING).name !== 'string') break
        if (hasArguments) this.fail(`${name} is not a method but has arguments`)
        const found = entryOf(value, name)
        if (!found && this.#around.strictKeys) this.fail(`map has no entry for key ${quote(name)}`)
        return found
      }
      case 'pointer':
        if (value.type.element?.kind === 'struct' && !hasField(value.type.element, name)) break
        if (isNil) this.fail(`nil pointer evaluating ${type.name}.${name}`)
    }
    return this.fail(`can't evaluate field ${name} in type ${type.name}`)
  }

  #call(
    dot: Value,
    name: string,
    callable: Callable,
    rest: readonly Operand[],
    final: Final,
    place: Place,
  ): Value {
    const { parameters, variadic } = callable
    const count = rest.length + (final ? 1 : 0)
    const fixed = variadic ? parameters.length - 1 : parameters.length
    if (variadic ? count < fixed : count !== fixed) {
      const least = variadic ? 'at least ' : ''
      const got = variadic ? rest.length : count
      this.fail(`wrong number of args for ${name}: want ${least}${fixed} got ${got}`)
    }
    const last = parameters.at(-1) ?? 'any'
    const wanted = (index: number): Parameter => parameters[index] ?? last
    if (callable === this.#around.functions.and) return this.#shortcut(dot, false, rest, final)
    if (callable === this.#around.functions.or) return this.#shortcut(dot, true, rest, final)
    if (callable === this.#around.functions.call) return this.#refuseCall(dot, rest, final, place)
    const values = rest.map((word, index) => this.#argument(dot, wanted(index), word))
    if (final) values.push(this.#convert(final.value, wanted(count - 1)))
    try {
      return callable.call(...values)
    } catch (error) {
      if (!(error instanceof FunctionError)) throw error
      this.at(place)
      return this.fail(`error calling ${name}: ${error.message}`)
    }
  }

  /** `and` and `or` stop at the argument that decides. */
  #shortcut(dot: Value, until: boolean, rest: readonly Operand[], final: Final): Value {
    let value: Value
    for (const word of rest) {
      value = this.#argument(dot, 'any', word)
      if (isTrue(concrete(value)) === until) return value
    }
    return final ? final.value : value
  }

  /** `call`: there are no functions among the values here. */
  #refuseCall(dot: Value, rest: readonly Operand[], final: Final, place: Place): never {
    const [word] = rest
    const value = concrete(word ? this.#argument(dot, 'any', word) : final?.value)
    this.at(place)
    if (!value) this.fail('error calling call: call of nil')
    const shown = describe(word ?? place)
    return this.fail(`error calling call: non-function ${shown} of type ${value.type.name}`)
  }

  #argument(dot: Value, wanted: Parameter, word: Operand): Value {
    this.at(word)
    switch (word.kind) {
      case 'dot':
        return this.#convert(dot, wanted)
      case 'nil':
        if (wanted === 'any' || wanted === 'strings') return undefined
        return this.fail(`cannot assign nil to ${wanted}`)
      case 'pipeline':
        return this.#convert(this.pipeline(dot, word), wanted)
      case 'field':
      case 'variable':
      case 'identifier':
      case 'chain':
        return this.#convert(this.#callable(dot, word, [], undefined), wanted)
    }
    return this.#constantFor(word, wanted)
  }

  #constantFor(word: ConstantWord, wanted: Parameter): Value {
    if (wanted === 'string' && word.kind !== 'string') {
      this.fail(`expected string; found ${describe(word)}`)
    }
    if (wanted === 'int') {
      if (word.kind === 'number' && word.value.int !== undefined) return int(word.value.int)
      this.fail(`expected integer; found ${describe(word)}`)
    }
    if (wanted === 'strings') this.fail(`can't handle ${describe(word)} for arg of type []string`)
    return this.#constant(word)
  }

  #constant(word: ConstantWord): Value {
    if (word.kind === 'bool') return bool(word.value)
    if (word.kind === 'string') return string(word.value)
    const { isFloat, float, int: whole } = word.value
    if (isFloat) return { type: FLOAT, data: float }
    return whole === undefined ? this.fail(`${word.text} overflows int`) : int(whole)
  }

  #convert(value: Value, wanted: Parameter): Value {
    const result = convert(value, wanted)
    return typeof result === 'string' ? this.fail(result) : result.value
  }
}

type ConstantWord = Extract<Operand, { kind: 'bool' | 'number' | 'string' }>

const methodOf = ({ methods }: GoType, name: string): GoMethod | undefined =>
  methods && Object.hasOwn(methods, name) ? methods[name] : undefined
