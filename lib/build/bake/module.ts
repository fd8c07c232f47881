import type { Attribute, Block, Body } from './hcl/ast.ts'
import type { HclFunction } from './hcl/call.ts'
import { CycleError, evaluateWhole, type Names } from './hcl/evaluate.ts'
import { standardFunction } from './hcl/functions.ts'
import { DefinitionError, type Diagnostic, fault, formatRange, type Range } from './hcl/source.ts'
import { isList, isMap, Scope, toText, type Value } from './hcl/value.ts'
import { fieldNamed } from './target.ts'
import { type Environment, resolveVariable } from './variables.ts'

/** How many labels each kind of block has. */
export const BLOCKS = { variable: 1, function: 1, group: 1, target: 1 } as const

/** What leaves no value behind that could be of the wrong type. */
const SINGLE = /^(Invalid expression|Invalid template interpolation value|Duplicate object key)$/
const NAME = /^[a-zA-Z0-9_-]+$/
/** As deep as functions may call each other. */
const MAX_CALLS = 200

/** A target block for one value of each name of its matrix. */
export interface Expanded {
  name: string
  block: Block
  names: Names
}

/** A function of a definition calls what comes before it, and itself never ends it: evaluated when it is asked for. */
export class Module implements Names {
  readonly #environment: Environment
  readonly #defaults: Readonly<Record<string, string>>
  readonly #attributes = new Map<string, Attribute>()
  readonly #blocks: Readonly<Record<keyof typeof BLOCKS, Map<string, Block[]>>> = {
    variable: new Map(),
    function: new Map(),
    group: new Map(),
    target: new Map(),
  }
  readonly #known = new Map<string, Value>()
  readonly #asked = new Set<string>()
  readonly diagnostics: Diagnostic[] = []
  readonly warnings: string[] = []
  #expanded: Expanded[] | undefined
  #calls = 0

  constructor(
    bodies: readonly Body[],
    environment: Environment,
    defaults: Readonly<Record<string, string>>,
  ) {
    this.#environment = environment
    this.#defaults = defaults
    for (const body of bodies) {
      for (const [name, attribute] of body.attributes) this.#attributes.set(name, attribute)
      for (const block of body.blocks) this.collect(() => this.#add(block))
    }
  }

  #add(block: Block): void {
    const { type, labels, range, open } = block
    const kind = Object.hasOwn(BLOCKS, type) ? (type as keyof typeof BLOCKS) : undefined
    if (!kind) {
      this.warn(range, `Blocks of type ${JSON.stringify(type)} are not expected here.`)
      return
    }
    const [label, extra] = labels
    if (!label) {
      throw fault(`Missing name for ${type}`, `All ${type} blocks must have 1 labels (name).`, open)
    }
    if (extra)
      throw fault(
        `Extraneous label for ${type}`,
        `Only 1 labels (name) are expected for ${type} blocks.`,
        extra.range,
      )
    if (kind === 'group' || kind === 'target') checkName(label.text, label.range)
    this.#blocks[kind].set(label.text, [...(this.#blocks[kind].get(label.text) ?? []), block])
  }

  /** Goes on after what is wrong in one place, to tell of the rest too. */
  collect<Result>(work: () => Result, isValue = false): Result | undefined {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof DefinitionError)) throw error
      for (const found of error.diagnostics) {
        const isKnown = this.diagnostics.some(
          ({ range, detail }) =>
            range.start === found.range.start &&
            range.source === found.range.source &&
            detail === found.detail,
        )
        // A value that there is not is of the wrong type, too: buildx counts that.
        if (!isKnown)
          this.diagnostics.push(
            ...(isValue && !SINGLE.test(found.summary) ? [found, found] : [found]),
          )
      }
      return undefined
    }
  }

  /** Of what means nothing: buildx takes it, and says nothing at all. */
  warn(range: Range, what: string): void {
    this.warnings.push(`${formatRange(range)}: ${what}`)
  }

  /** Blocks of a kind, by their labels. */
  blocks(kind: keyof typeof BLOCKS): ReadonlyMap<string, readonly Block[]> {
    return this.#blocks[kind]
  }

  variable(name: string): Value | undefined {
    if (name === 'target' || name === 'group') return this.#scope(name)
    if (name === 'variable') return undefined
    return this.#once(name, () => this.#resolve(name))
  }

  #once(name: string, find: () => Value | undefined): Value | undefined {
    const known = this.#known.get(name)
    if (known !== undefined) return known
    if (this.#asked.has(name))
      throw new CycleError(
        `${name.includes('.') ? 'reference' : 'variable'} cycle not allowed for ${name}`,
      )
    this.#asked.add(name)
    try {
      const value = find()
      if (value !== undefined) this.#known.set(name, value)
      return value
    } finally {
      this.#asked.delete(name)
    }
  }

  #resolve(name: string): Value | undefined {
    const attribute = this.#attributes.get(name)
    if (attribute) return evaluateWhole(attribute.value, this)
    const builtIn = Object.hasOwn(this.#defaults, name) ? this.#defaults[name] : undefined
    if (builtIn !== undefined) return this.#environment[name] ?? builtIn
    const block = this.#blocks.variable.get(name)?.at(-1)
    return block && resolveVariable(name, block, this, this.#environment)
  }

  /** `target.web.tags` */
  #scope(type: 'target' | 'group'): Value {
    return new Scope((label) => {
      const found =
        type === 'target' ? this.targets().filter(({ name }) => name === label) : this.#plain(label)
      if (found.length === 0) return undefined
      return new Scope((attribute) => {
        const last = found.findLast(({ block }) => block.body.attributes.has(attribute))
        const expression = last?.block.body.attributes.get(attribute)?.value
        // What a target can have and has not is null.
        if (!last || !expression) return fieldNamed(attribute) && null
        return this.#once(`${type}.${label}.${attribute}`, () =>
          evaluateWhole(expression, last.names),
        )
      })
    })
  }

  #plain(label: string): Expanded[] {
    return (this.#blocks.group.get(label) ?? []).map((block) => ({
      name: label,
      block,
      names: this,
    }))
  }

  function(name: string): HclFunction | undefined {
    const block = this.#blocks.function.get(name)?.at(-1)
    return block ? this.#own(name, block) : standardFunction(name)
  }

  #own(name: string, { body, range }: Block): HclFunction {
    const params = body.attributes.get('params')?.value
    const rest = body.attributes.get('variadic_params')?.value
    const result = body.attributes.get('result')?.value
    if (!params || !result) {
      const missing = params ? 'result' : 'params'
      throw fault(
        'Missing required argument',
        `The argument "${missing}" is required, but no definition was found.`,
        range,
      )
    }
    const parameter = (text: string) => ({ name: text, type: 'any' as const, nullable: true })
    const names = params.kind === 'tuple' ? params.items.map(parameterName) : []
    const restName = rest && parameterName(rest)
    return {
      parameters: names.map(parameter),
      rest: restName === undefined ? undefined : parameter(restName),
      run: (args) => {
        const own = new Map(names.map((own, at): [string, Value] => [own, args[at] ?? null]))
        if (restName !== undefined) own.set(restName, args.slice(names.length))
        if (++this.#calls > MAX_CALLS)
          throw new CycleError(`function cycle not allowed for ${name}`)
        try {
          return evaluateWhole(result, within(this, own))
        } finally {
          this.#calls--
        }
      },
    }
  }

  targets(): Expanded[] {
    this.#expanded ??= [...this.#blocks.target.values()]
      .flat()
      .flatMap((block) => this.#expand(block))
    return this.#expanded
  }

  #expand(block: Block): Expanded[] {
    const [label] = block.labels
    const { name, matrix } = Object.fromEntries(block.body.attributes) as Partial<
      Record<string, Attribute>
    >
    const plain = label?.text ?? ''
    const place = label?.range ?? block.range
    if (!matrix) {
      if (name) throw fault('Invalid name', 'name requires matrix', place)
      return [{ name: plain, block, names: this }]
    }
    const names = this.#combine(matrix, place).map((own) => within(this, own))
    const seen = new Set<string>()
    return names.map((own) => {
      const text = name ? (toText(evaluateWhole(name.value, own)) ?? '') : plain
      checkName(text, place)
      if (seen.has(text))
        throw fault('Invalid name', `duplicate name ${JSON.stringify(text)}`, place)
      seen.add(text)
      return { name: text, block, names: own }
    })
  }

  /** Each value of a name of a matrix with each of the others. */
  #combine({ value: expression }: Attribute, place: Range): ReadonlyMap<string, Value>[] {
    const matrix = evaluateWhole(expression, this)
    if (!isMap(matrix)) throw fault('Invalid name', 'matrix must be a map', place)
    let rows: ReadonlyMap<string, Value>[] = [new Map()]
    for (const [name, list] of matrix) {
      if (!isList(list)) throw fault('Invalid name', 'matrix values must be a list', place)
      rows = rows.flatMap((row) => list.map((value) => new Map([...row, [name, value]])))
    }
    return rows
  }
}

const within = (names: Names, own: ReadonlyMap<string, Value>): Names => ({
  variable: (name) => (own.has(name) ? own.get(name) : names.variable(name)),
  function: (name) => names.function(name),
})

function parameterName(expression: Attribute['value']): string {
  if (expression.kind === 'variable') return expression.name
  // As JSON has it.
  if (expression.kind === 'literal' && typeof expression.value === 'string') return expression.value
  throw fault(
    'Invalid param element',
    'Each parameter name must be an identifier.',
    expression.range,
  )
}

function checkName(name: string, range: Range): void {
  if (!NAME.test(name)) throw fault('Invalid name', 'only "[a-zA-Z0-9_-]+" are allowed', range)
}
