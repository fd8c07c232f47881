import { parseTruth } from '../../core/truth.ts'
import { quoted, trimBlank } from '../characters.ts'
import { DockerfileError } from '../errors.ts'

/** Names of rules, or all of them. */
type RuleSet = 'all' | ReadonlySet<string>

export interface LintOptions {
  skip: RuleSet
  experimental: RuleSet
  /** A broken rule ends the build. */
  error: boolean
}

/** More of them are taken for a part of the third. */
const MAX_PARTS = 3

/**
 * Reads what the directive `# check=` says, or the build argument in its place: `skip=A,B;error=true;experimental=all`.
 * Throws DockerfileError.
 */
export function parseLintOptions(text: string): LintOptions {
  const options: LintOptions = { skip: new Set(), experimental: new Set(), error: false }
  const trimmed = trimBlank(text)
  if (trimmed === '') return options
  for (const part of splitParts(trimmed)) readPart(options, part)
  return options
}

function splitParts(text: string): string[] {
  const parts = text.split(';')
  return [...parts.slice(0, MAX_PARTS - 1), parts.slice(MAX_PARTS - 1).join(';')].slice(
    0,
    parts.length,
  )
}

function readPart(options: LintOptions, part: string): void {
  const equals = part.indexOf('=')
  if (equals < 0) throw new DockerfileError(`invalid check option ${quoted(part)}`)
  const key = trimBlank(part.slice(0, equals))
  const value = trimBlank(part.slice(equals + 1))
  if (key === 'skip' || key === 'experimental') options[key] = ruleSet(value)
  else if (key === 'error') options.error = readError(part, value)
  else throw new DockerfileError(`invalid check option ${quoted(key)}`)
}

const ruleSet = (value: string): RuleSet =>
  value === 'all' ? 'all' : new Set(value.split(',').map(trimBlank))

function readError(part: string, value: string): boolean {
  const truth = parseTruth(value)
  if (truth !== undefined) return truth
  throw new DockerfileError(
    `failed to parse check option ${quoted(part)}: strconv.ParseBool: parsing ${quoted(value)}: invalid syntax`,
  )
}

export const isIn = (set: RuleSet, rule: string): boolean => set === 'all' || set.has(rule)
