import type { Arg, Dockerfile, From, Instruction } from '../ast.ts'
import { quoted } from '../characters.ts'
import { plainWords, splitFirst, takeFlags } from '../words.ts'
import type { Findings } from './findings.ts'

/** Instructions in their order, with ARG before the first FROM. */
const inOrder = ({ metaArgs, stages }: Dockerfile): Instruction[] => [
  ...metaArgs,
  ...inStages({ stages }),
]

const inStages = ({ stages }: Pick<Dockerfile, 'stages'>): Instruction[] =>
  stages.flatMap(({ from, instructions }) => [from, ...instructions])

/** The name of an instruction as it is written. */
export const keywordOf = ({ original }: Pick<Instruction, 'original'>): string =>
  splitFirst(original).first

/** The rules that look at nothing but the text, in every stage. */
export function checkText(dockerfile: Dockerfile, findings: Findings): void {
  for (const location of dockerfile.emptyContinuations) {
    findings.add('NoEmptyContinuation', location, 'Empty continuation line')
  }
  for (const instruction of inOrder(dockerfile)) checkInstruction(instruction, findings)
  checkCasing(dockerfile, findings)
  checkStageNames(dockerfile, findings)
}

function checkInstruction(instruction: Instruction, findings: Findings): void {
  const { kind, location } = instruction
  if (kind === 'MAINTAINER') {
    const message = 'Maintainer instruction is deprecated in favor of using label'
    findings.add('MaintainerDeprecated', location, message)
  }
  if (kind === 'FROM') checkFrom(instruction, findings)
  if (kind === 'ARG') {
    checkDescription(
      instruction,
      instruction.args.map(({ key }) => key),
      findings,
    )
  }
}

function checkFrom(from: From, findings: Findings): void {
  const { first: keyword, rest = '' } = splitFirst(from.original)
  const [, as, name] = plainWords(takeFlags(rest).rest)
  if (from.as === undefined || as === undefined || name === undefined) return
  if (name !== name.toLowerCase()) {
    const message = `Stage name '${name}' should be lowercase`
    findings.add('StageNameCasing', from.location, message)
  }
  const casing = casingOf(keyword)
  if (casing !== undefined && as !== casing(as)) {
    const message = `'${as}' and '${keyword}' keywords' casing do not match`
    findings.add('FromAsCasing', from.location, message)
  }
  checkDescription(from, [from.as], findings)
}

const lower = (text: string): string => text.toLowerCase()
const upper = (text: string): string => text.toUpperCase()

/** What makes a text look like this one; `undefined`: it has letters of both kinds. */
function casingOf(text: string): ((text: string) => string) | undefined {
  if (text === lower(text)) return lower
  return text === upper(text) ? upper : undefined
}

function checkDescription(
  { kind, comments, location }: From | Arg,
  names: readonly string[],
  findings: Findings,
): void {
  const [first] = comments.at(-1)?.split(' ') ?? []
  if (first === undefined || names.includes(first)) return
  const example = names.length > 1 ? '<arg_key>' : names[0]
  const message = `Comment for ${kind} should follow the format: \`# ${example} <description>\``
  findings.add('InvalidDefinitionDescription', location, message)
}

/** Instructions should look like most of them do. */
function checkCasing(dockerfile: Dockerfile, findings: Findings): void {
  const instructions = inStages(dockerfile)
  const casings = instructions.map((instruction) => casingOf(keywordOf(instruction)))
  const count = (casing: typeof lower): number => casings.filter((one) => one === casing).length
  const most = count(lower) > count(upper) ? lower : upper
  const wanted = most === lower ? 'lowercase' : 'uppercase'
  for (const instruction of instructions) {
    const keyword = keywordOf(instruction)
    if (keyword === most(keyword)) continue
    const message = `Command '${keyword}' should match the case of the command majority (${wanted})`
    findings.add('ConsistentInstructionCasing', instruction.location, message)
  }
}

const RESERVED: ReadonlySet<string> = new Set(['context', 'scratch'])

function checkStageNames({ stages }: Dockerfile, findings: Findings): void {
  const names = new Set<string>()
  for (const { from } of stages) {
    if (from.as === undefined) continue
    if (RESERVED.has(from.as)) {
      const message = `Stage name should not use the same name as reserved stage ${quoted(from.as)}`
      findings.add('ReservedStageName', from.location, message)
    }
    if (names.has(from.as)) {
      const message = `Duplicate stage name ${quoted(from.as)}, stage names should be unique`
      findings.add('DuplicateStageName', from.location, message)
    }
    names.add(from.as)
  }
}
