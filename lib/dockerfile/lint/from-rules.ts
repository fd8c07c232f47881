import type { Dockerfile, From } from '../ast.ts'
import { quoted } from '../characters.ts'
import { DockerfileError } from '../errors.ts'
import { type Expansion, expandWord } from '../expand.ts'
import type { Variables } from '../lexer.ts'
import { closest } from '../suggest.ts'
import type { LintFacts } from './facts.ts'
import type { Findings } from './findings.ts'

/** An expansion, or `undefined` for what cannot be expanded: that ends the build with an error of its own. */
export function tryExpand(
  word: string,
  env: Variables,
  { directives }: Pick<Dockerfile, 'directives'>,
): Expansion | undefined {
  try {
    return expandWord(word, env, directives.escape)
  } catch (error) {
    if (error instanceof DockerfileError) return undefined
    throw error
  }
}

/** The variables of FROM: those that every build has, and each ARG before the first FROM. */
export function globalVariables(
  dockerfile: Dockerfile,
  predefined: Variables,
  buildArgs: Variables,
): Map<string, string> {
  const env = new Map(predefined)
  for (const { key, value } of dockerfile.metaArgs.flatMap(({ args }) => args)) {
    const given = buildArgs.get(key)
    const known =
      given ?? (value === undefined ? undefined : tryExpand(value, env, dockerfile)?.text)
    if (known !== undefined) env.set(key, known)
  }
  return env
}

/** The rules about FROM, in every stage. */
export function checkFroms(
  dockerfile: Dockerfile,
  globals: Variables,
  facts: LintFacts,
  findings: Findings,
): void {
  checkDefaults(dockerfile, facts, findings)
  const declared = dockerfile.metaArgs.flatMap(({ args }) => args.map(({ key }) => key))
  const known = new Set([...declared, ...globals.keys()])
  for (const { from } of dockerfile.stages) {
    const base = tryExpand(from.base, globals, dockerfile)
    reportUndefined(from, base, known, findings)
    if (from.platform === undefined) continue
    const platform = tryExpand(from.platform, globals, dockerfile)
    reportUndefined(from, platform, known, findings)
    if (platform === undefined) continue
    checkRedundantPlatform(from, platform, globals, findings)
    checkConstantPlatform(from, platform, facts, findings)
  }
}

/** Names of base images have to be right without any build argument too. */
function checkDefaults(dockerfile: Dockerfile, facts: LintFacts, findings: Findings): void {
  const defaults = globalVariables(dockerfile, facts.predefined, new Map())
  for (const { from } of dockerfile.stages) {
    const name = tryExpand(from.base, defaults, dockerfile)?.text
    if (name === undefined || facts.isReference(name)) continue
    const message = `Default value for ARG ${from.base} results in empty or invalid base image name`
    findings.add('InvalidDefaultArgInFrom', from.location, message)
  }
}

function reportUndefined(
  { location }: From,
  expansion: Expansion | undefined,
  known: ReadonlySet<string>,
  findings: Findings,
): void {
  for (const name of expansion?.undefined ?? []) {
    if (known.has(name)) continue
    const meant = closest(name, known)
    const suggestion = meant === undefined ? '' : ` (did you mean ${meant}?)`
    const message = `FROM argument '${name}' is not declared${suggestion}`
    findings.add('UndefinedArgInFrom', location, message)
  }
}

const TARGET = 'TARGETPLATFORM'

function checkRedundantPlatform(
  { platform, location }: From,
  { used, undefined: missing, text }: Expansion,
  globals: Variables,
  findings: Findings,
): void {
  if (used.size !== 1 || !used.has(TARGET) || missing.size > 0) return
  if (text !== globals.get(TARGET)) return
  const message = `Setting platform to predefined ${platform} in FROM is redundant as this is the default behavior`
  findings.add('RedundantTargetPlatform', location, message)
}

/** A platform that is fixed is no accident in a stage that is named after it. */
function checkConstantPlatform(
  { as = '', location }: From,
  { used, undefined: missing, text }: Expansion,
  facts: LintFacts,
  findings: Findings,
): void {
  const platform = used.size + missing.size > 0 ? undefined : facts.parsePlatform(text)
  if (platform === undefined) return
  if (as.includes(platform.os) || as.includes(platform.architecture)) return
  const message = `FROM --platform flag should not use constant value ${quoted(text)}`
  findings.add('FromPlatformFlagConstDisallowed', location, message)
}
