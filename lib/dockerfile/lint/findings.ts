import type { Location } from '../ast.ts'
import { isIn, type LintOptions } from './options.ts'
import { RULES, type RuleName, ruleUrl } from './rules.ts'

/** A rule that a Dockerfile breaks, in the words of BuildKit's warnings. */
export interface LintWarning {
  level: number
  rule: RuleName
  /** One line: rule, message and where. */
  short: string
  /** What the rule is about. */
  detail: string
  url: string
  file: string
  /** Lines of the file, the first is 1. */
  start: number
  end: number
  /** The message alone. */
  message: string
}

/** Gathers what is found, without the rules that are not wanted; the same thing on the same lines once. */
export class Findings {
  readonly warnings: LintWarning[] = []
  readonly #file: string
  readonly #options: LintOptions
  readonly #said = new Set<string>()

  constructor(file: string, options: LintOptions) {
    this.#file = file
    this.#options = options
  }

  add(rule: RuleName, location: Location, message: string): void {
    if (!this.#wants(rule)) return
    const short = `${rule}: ${message} (line ${location.start})`
    if (this.#said.has(short)) return
    this.#said.add(short)
    this.warnings.push({
      level: 1,
      rule,
      short,
      detail: RULES[rule].description,
      url: ruleUrl(rule),
      file: this.#file,
      ...location,
      message,
    })
  }

  #wants(rule: RuleName): boolean {
    const { skip, experimental } = this.#options
    return 'experimental' in RULES[rule] ? isIn(experimental, rule) : !isIn(skip, rule)
  }
}
