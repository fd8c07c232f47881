import { CommandEnd } from '../../lib/build/solver/execute-run.ts'
import { DockerfileError } from '../../lib/dockerfile/errors.ts'
import { ApiError, failureOf } from '../http/errors.ts'

/** What is told of a build that failed, as clients of Docker's first builder read it. */
export interface BuildFailure {
  /** With which a command ended. */
  code?: number
  message: string
}

const NO_DOCKERFILE = /^failed to read dockerfile: open (.+): no such file or directory$/

const NOT_FOUND = /"\/([^"]+)": not found$/

/** A command that failed is told with its exit code, a file that is missing with its name. */
export function describeFailure(error: unknown): BuildFailure {
  const ended = commandEnd(error)
  if (ended) {
    const { args, exitCode } = ended
    const message = `The command '${args.join(' ')}' returned a non-zero code: ${exitCode}`
    return { code: exitCode, message }
  }
  const { message } = failureOf(error)
  const missing = NOT_FOUND.exec(message)?.[1]
  const verb = missing === undefined ? undefined : copyVerb(error)
  if (verb === undefined) return { message }
  return {
    message: `${verb} failed: file not found in build context or excluded by .dockerignore: stat ${missing}: file does not exist`,
  }
}

/** COPY or ADD, where the error is of one that takes its files from the context. */
function copyVerb(error: unknown): string | undefined {
  if (!(error instanceof DockerfileError) || !error.location || !error.source) return undefined
  const line = error.source.lines[error.location.start - 1] ?? ''
  return /--from=/i.test(line) ? undefined : /^\s*(COPY|ADD)\s/i.exec(line)?.[1]?.toUpperCase()
}

function commandEnd(error: unknown): CommandEnd | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof CommandEnd) return cause
  return undefined
}

/** The answer where the build has told nothing yet. */
export function asAnswer(error: unknown): unknown {
  const { status, message } = failureOf(error)
  const missing = NO_DOCKERFILE.exec(message)?.[1]
  if (missing !== undefined) {
    return new ApiError(500, `Cannot locate specified Dockerfile: ${missing}`)
  }
  const { message: told } = describeFailure(error)
  return new ApiError(status, withPlace(told))
}

/** Docker's first builder says what it was doing. */
function withPlace(message: string): string {
  if (message === 'the Dockerfile cannot be empty')
    return 'the Dockerfile (Dockerfile) cannot be empty'
  const isOfSyntax =
    message === 'file with no instructions' || /^[A-Z]+ must have two arguments$/.test(message)
  return isOfSyntax ? `failed to parse Dockerfile: ${message}` : message
}
