import type { Dockerfile } from './ast.ts'
import { DockerfileError } from './errors.ts'
import type { LintFacts } from './lint/facts.ts'
import { Findings, type LintWarning } from './lint/findings.ts'
import { checkFroms, globalVariables } from './lint/from-rules.ts'
import { type LintOptions, parseLintOptions } from './lint/options.ts'
import { checkStages } from './lint/stage-rules.ts'
import { checkText } from './lint/text-rules.ts'

/** What stands in for the directive `check`, as a build argument. */
const CHECK_ARG = 'BUILDKIT_DOCKERFILE_CHECK'

export interface LintReport {
  /** In the order in which BuildKit finds them. */
  warnings: LintWarning[]
  /** The Dockerfile asks that they end the build (`error=true`): this is the sentence. */
  error: string | undefined
}

/**
 * Checks a Dockerfile by the rules of Docker's build checks (docs.docker.com/reference/build-checks). Says nothing about what the build
 * refuses anyway. Throws DockerfileError for a directive `check` that it does not understand.
 */
export function lint(dockerfile: Dockerfile, facts: LintFacts): LintReport {
  const options = lintOptions(dockerfile, facts)
  const findings = new Findings(dockerfile.name, options)
  checkText(dockerfile, findings)
  const globals = globalVariables(dockerfile, facts.predefined, facts.buildArgs)
  checkFroms(dockerfile, globals, facts, findings)
  checkStages(dockerfile, globals, facts, findings)
  const { warnings } = findings
  const rules = [...new Set(warnings.map(({ rule }) => rule))]
  const error =
    options.error && rules.length > 0
      ? `lint violation found for rules: ${rules.join(', ')}`
      : undefined
  return { warnings, error }
}

function lintOptions({ directives }: Dockerfile, { buildArgs }: LintFacts): LintOptions {
  const text = buildArgs.get(CHECK_ARG) ?? directives.check ?? ''
  try {
    return parseLintOptions(text)
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error
    throw new DockerfileError(`failed to parse check options: ${error.message}`)
  }
}
