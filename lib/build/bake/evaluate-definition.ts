import { closest } from '../../dockerfile/suggest.ts'
import { decodeField, decodeTexts, startOf } from './decode.ts'
import type { Block, Body } from './hcl/ast.ts'
import { evaluateWhole } from './hcl/evaluate.ts'
import { DefinitionError, fault } from './hcl/source.ts'
import { toJson, toText } from './hcl/value.ts'
import { type BLOCKS, type Expanded, Module } from './module.ts'
import {
  type Definition,
  FIELDS,
  type FieldValue,
  fieldNamed,
  type Group,
  type Target,
  type Variable,
} from './target.ts'
import { type Environment, validateVariable } from './variables.ts'

const ALLOWED = {
  variable: ['default', 'type', 'description', 'sensitive'],
  group: ['targets', 'description', 'inherits'],
  target: ['name', 'matrix', 'inherits', ...FIELDS.map(({ name }) => name)],
}

/**
 * Evaluates definitions: variables from the environment, targets and groups. `defaults`: variables that are there without being
 * defined. Throws `DefinitionError` with everything that is wrong.
 */
export function evaluateDefinition(
  bodies: readonly Body[],
  environment: Environment,
  defaults: Readonly<Record<string, string>>,
): Definition {
  const module = new Module(bodies, environment, defaults)
  const each = <Item>(
    kind: keyof typeof BLOCKS,
    read: (name: string, block: Block) => Item,
  ): Item[] =>
    [...module.blocks(kind)].flatMap(([name, blocks]) =>
      blocks.flatMap((block) => module.collect(() => [read(name, block)]) ?? []),
    )
  const variables = each('variable', (name, block) => readVariable(module, name, block))
  const groups = each('group', (name, block) => readGroup(module, name, block))
  const expanded = module.collect(() => module.targets()) ?? []
  // What stands on variables that are wrong would only be wrong once more.
  const isBroken =
    module.diagnostics.length > 0 && variables.length < module.blocks('variable').size
  const targets = isBroken ? [] : expanded.map((target) => readTarget(module, target))
  const [first, ...more] = module.diagnostics
  if (first) throw new DefinitionError([first, ...more])
  const { warnings } = module
  return { targets, groups: [...groups, ...matrixGroups(expanded)], variables, warnings }
}

function readVariable(module: Module, name: string, block: Block): Variable {
  for (const { name: argument, nameRange } of block.body.attributes.values()) {
    const what = unknownArgument(argument, ALLOWED.variable)
    if (what !== undefined) throw fault('Unsupported argument', what, nameRange)
  }
  const value = module.variable(name) ?? null
  validateVariable(block, module)
  return { name, description: textOf(module, block, 'description'), value: toJson(value) }
}

function textOf(module: Module, { body }: Block, name: string): string | undefined {
  const attribute = body.attributes.get(name)
  return attribute && toText(evaluateWhole(attribute.value, module))
}

function readGroup(module: Module, name: string, block: Block): Group {
  warnOfUnknown(module, block, ALLOWED.group)
  const targets = block.body.attributes.get('targets')
  if (!targets) {
    const detail = 'The argument "targets" is required, but no definition was found.'
    throw fault('Missing required argument', detail, block.start)
  }
  const names = decodeTexts(evaluateWhole(targets.value, module), startOf(targets.value))
  return { name, description: textOf(module, block, 'description'), targets: names }
}

function readTarget(module: Module, { name, block, names }: Expanded): Target {
  warnOfUnknown(module, block, ALLOWED.target)
  const values = new Map<string, FieldValue>()
  let inherits: string[] = []
  for (const attribute of block.body.attributes.values()) {
    const field = fieldNamed(attribute.name)
    if (!field && attribute.name !== 'inherits') continue
    const found = module.collect(() => [evaluateWhole(attribute.value, names)], true)
    if (!found) continue
    const [value = null] = found
    module.collect(() => {
      if (!field) inherits = value === null ? [] : decodeTexts(value, startOf(attribute.value))
      else {
        const decoded = decodeField(field, value, attribute)
        if (decoded !== undefined) values.set(field.name, decoded)
      }
    })
  }
  return { name, inherits, values }
}

function warnOfUnknown(module: Module, { body }: Block, known: readonly string[]): void {
  for (const { name, nameRange } of body.attributes.values()) {
    const what = unknownArgument(name, known)
    if (what !== undefined) module.warn(nameRange, what)
  }
  for (const { type, range } of body.blocks) {
    module.warn(range, `Blocks of type ${JSON.stringify(type)} are not expected here.`)
  }
}

/** A target with a matrix is a group of all that it became. */
function matrixGroups(expanded: readonly Expanded[]): Group[] {
  const groups = new Map<string, string[]>()
  for (const { name, block } of expanded) {
    const label = block.labels[0]?.text ?? ''
    if (block.body.attributes.has('matrix')) groups.set(label, [...(groups.get(label) ?? []), name])
  }
  return [...groups]
    .map(([name, targets]) => ({ name, description: undefined, targets: [...new Set(targets)] }))
    .filter(({ name, targets }) => targets.length !== 1 || targets[0] !== name)
}

function unknownArgument(name: string, known: readonly string[]): string | undefined {
  if (known.includes(name)) return undefined
  const near = closest(name, known)
  const hint = near === undefined ? '' : ` Did you mean ${JSON.stringify(near)}?`
  return `An argument named ${JSON.stringify(name)} is not expected here.${hint}`
}
