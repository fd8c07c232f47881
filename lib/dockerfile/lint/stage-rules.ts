import type { Arg, Copy, Dockerfile, From, Instruction, Location, Run } from '../ast.ts'
import { quoted } from '../characters.ts'
import { DockerfileError } from '../errors.ts'
import { type Expansion, expandHeredoc, expandWords } from '../expand.ts'
import type { Variables } from '../lexer.ts'
import { closest } from '../suggest.ts'
import type { BaseImageFacts, LintFacts } from './facts.ts'
import type { Findings } from './findings.ts'
import { tryExpand } from './from-rules.ts'
import { checkPort, checkSecret, checkSource } from './rule-checks.ts'
import { keywordOf } from './text-rules.ts'

type Of<Kind extends Instruction['kind']> = Extract<Instruction, { kind: Kind }>

/** What the instructions so far have set, as far as rules need it. */
interface Scope {
  env: Map<string, string>
  /** Names of ARG. */
  declared: Set<string>
  workdirSet: boolean
  hasShell: boolean
  /** The variables of the base image are known. */
  complete: boolean
}

/** Names that ARG sets for whoever scans the image. */
const NOT_IN_ENV: ReadonlySet<string> = new Set([
  'BUILDKIT_SBOM_SCAN_CONTEXT',
  'BUILDKIT_SBOM_SCAN_STAGE',
])

/** The rules about what instructions do, in the stages that the target needs. */
export function checkStages(
  dockerfile: Dockerfile,
  globals: Variables,
  facts: LintFacts,
  findings: Findings,
): void {
  const scopes = new Map<number, Scope>()
  for (const [index, { from, instructions }] of dockerfile.stages.entries()) {
    if (!facts.needs(index)) continue
    const scope = beginScope(index, scopes, facts)
    scopes.set(index, scope)
    const check = new StageCheck(dockerfile, globals, facts, findings, scope)
    check.from(from, facts.baseOf(index))
    for (const instruction of instructions) check.instruction(instruction)
  }
}

function beginScope(
  index: number,
  scopes: ReadonlyMap<number, Scope>,
  { baseOf }: LintFacts,
): Scope {
  const base = baseOf(index)
  const parent = 'stage' in base ? scopes.get(base.stage) : undefined
  if (parent !== undefined) {
    return { ...parent, env: new Map(parent.env), declared: new Set(parent.declared) }
  }
  const image = 'image' in base ? base.image : undefined
  const env = new Map(image?.env)
  // Every step has one.
  if (!env.has('PATH')) env.set('PATH', '')
  return {
    env,
    declared: new Set(),
    workdirSet: false,
    hasShell: image?.hasShell ?? false,
    complete: image !== undefined,
  }
}

class StageCheck {
  readonly #dockerfile: Dockerfile
  readonly #globals: Variables
  readonly #facts: LintFacts
  readonly #findings: Findings
  readonly #scope: Scope
  /** Where instructions are of which only the last one counts. */
  readonly #last = new Map<Instruction['kind'], Location>()

  constructor(
    dockerfile: Dockerfile,
    globals: Variables,
    facts: LintFacts,
    findings: Findings,
    scope: Scope,
  ) {
    this.#dockerfile = dockerfile
    this.#globals = globals
    this.#facts = facts
    this.#findings = findings
    this.#scope = scope
  }

  from(from: From, base: ReturnType<LintFacts['baseOf']>): void {
    const image: BaseImageFacts | undefined = 'image' in base ? base.image : undefined
    if (image?.platform === undefined) return
    const { parsePlatform, targetPlatform } = this.#facts
    const said = tryExpand(from.platform ?? '', this.#globals, this.#dockerfile)?.text
    const expected = said || targetPlatform
    const [one, other] = [parsePlatform(expected), parsePlatform(image.platform)]
    if (one === undefined || other === undefined) return
    if (one.os === other.os && one.architecture === other.architecture) return
    const name = tryExpand(from.base, this.#globals, this.#dockerfile)?.text ?? from.base
    const message = `Base image ${name} was pulled with platform ${quoted(image.platform)}, expected ${quoted(expected)} for current build`
    this.#findings.add('InvalidBaseImagePlatform', from.location, message)
  }

  instruction(instruction: Instruction): void {
    const { kind } = instruction
    if (kind === 'ENV' || kind === 'LABEL') this.#pairs(instruction)
    else if (kind === 'ARG') this.#arg(instruction)
    else if (kind === 'COPY' || kind === 'ADD') this.#copy(instruction)
    else if (kind === 'RUN') this.#run(instruction)
    else if (kind === 'CMD' || kind === 'ENTRYPOINT') this.#command(instruction)
    else if (kind === 'HEALTHCHECK') this.#once(instruction)
    else if (kind === 'WORKDIR') this.#workdir(instruction)
    else if (kind === 'EXPOSE') this.#expose(instruction)
    else if (kind === 'SHELL') this.#scope.hasShell = true
    else for (const word of wordsOf(instruction)) this.#expand(word, instruction)
  }

  /** Replaces variables and reports those that nobody set. */
  #expand(word: string, instruction: Instruction): string {
    const expansion = tryExpand(word, this.#scope.env, this.#dockerfile)
    this.#reportUndefined(expansion, instruction)
    return expansion?.text ?? word
  }

  #reportUndefined(expansion: Expansion | undefined, { location }: Instruction): void {
    const { env, declared, complete } = this.#scope
    if (!complete) return
    for (const name of expansion?.undefined ?? []) {
      if (declared.has(name) || NOT_IN_ENV.has(name)) continue
      const meant = closest(name, env.keys())
      const suggestion = meant === undefined ? '' : ` (did you mean $${meant}?)`
      const message = `Usage of undefined variable '$${name}'${suggestion}`
      this.#findings.add('UndefinedVar', location, message)
    }
  }

  #pairs(instruction: Of<'ENV' | 'LABEL'>): void {
    const { kind, legacy, location, pairs } = instruction
    // All of one instruction see the values before it.
    const expanded = pairs.map(({ key, value }) => ({
      key: this.#expand(key, instruction),
      value: this.#expand(value, instruction),
    }))
    if (legacy) {
      const name = keywordOf(instruction)
      const message = `"${name} key=value" should be used instead of legacy "${name} key value" format`
      this.#findings.add('LegacyKeyValueFormat', location, message)
    }
    if (kind === 'LABEL') return
    for (const { key, value } of expanded) {
      checkSecret('ENV', key, location, this.#findings)
      this.#scope.env.set(key, value)
    }
  }

  #arg(instruction: Arg): void {
    const { env, declared } = this.#scope
    // All of one instruction see the values before it.
    const expanded = instruction.args.map(({ key, value }) => ({
      key: this.#expand(key, instruction),
      value: value === undefined ? undefined : this.#expand(value, instruction),
    }))
    for (const { key, value } of expanded) {
      checkSecret('ARG', key, instruction.location, this.#findings)
      const known = this.#facts.buildArgs.get(key) ?? value ?? this.#globals.get(key)
      if (known !== undefined) env.set(key, known)
      declared.add(key)
    }
  }

  #copy(copy: Copy): void {
    const { sources, destination, chown, chmod, checksum, exclude, inline, from } = copy
    for (const word of [chown, chmod, checksum, ...exclude, destination]) {
      if (word !== undefined) this.#expand(word, copy)
    }
    const paths = sources.map((source) => this.#expand(source, copy))
    for (const { content, expand } of inline) if (expand) this.#heredoc(content, copy)
    const { ignores } = this.#facts
    if (from !== undefined || ignores === undefined) return
    for (const path of paths) checkSource(copy, path, ignores, this.#findings)
  }

  #heredoc(content: string, copy: Copy): void {
    try {
      this.#reportUndefined(expandHeredoc(content, this.#scope.env), copy)
    } catch (error) {
      if (!(error instanceof DockerfileError)) throw error
    }
  }

  #run(run: Run): void {
    for (const { options } of run.mounts) {
      for (const { value } of options) if (value !== undefined) this.#expand(value, run)
    }
  }

  #command(instruction: Of<'CMD' | 'ENTRYPOINT'>): void {
    this.#once(instruction)
    if (instruction.command.form === 'exec' || this.#scope.hasShell) return
    const message = `JSON arguments recommended for ${keywordOf(instruction)} to prevent unintended behavior related to OS signals`
    this.#findings.add('JSONArgsRecommended', instruction.location, message)
  }

  /** The one that does not count is what is reported. */
  #once(instruction: Instruction): void {
    const before = this.#last.get(instruction.kind)
    this.#last.set(instruction.kind, instruction.location)
    if (before === undefined) return
    const message = `Multiple ${keywordOf(instruction)} instructions should not be used in the same stage because only the last one will be used`
    this.#findings.add('MultipleInstructionsDisallowed', before, message)
  }

  /** Only the first one: with it, those after it are right too. */
  #workdir(instruction: Of<'WORKDIR'>): void {
    const path = this.#expand(instruction.path, instruction)
    if (!this.#scope.workdirSet && !path.startsWith('/')) {
      const message = `Relative workdir ${quoted(path)} can have unexpected results if the base image changes`
      this.#findings.add('WorkdirRelativePath', instruction.location, message)
    }
    this.#scope.workdirSet = true
  }

  #expose({ ports, location }: Of<'EXPOSE'>): void {
    for (const port of ports) {
      for (const word of this.#portWords(port)) checkPort(word, location, this.#findings)
    }
  }

  #portWords(port: string): string[] {
    try {
      return expandWords(port, this.#scope.env, this.#dockerfile.directives.escape)
    } catch (error) {
      if (error instanceof DockerfileError) return []
      throw error
    }
  }
}

/** The words with variables of instructions that have no rule of their own. */
function wordsOf(instruction: Instruction): readonly string[] {
  if (instruction.kind === 'USER') return [instruction.user]
  if (instruction.kind === 'STOPSIGNAL') return [instruction.signal]
  return instruction.kind === 'VOLUME' ? instruction.volumes : []
}
