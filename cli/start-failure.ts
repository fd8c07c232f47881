import { LighterError } from '../lib/core/errors.ts'
import { isDaemonsWord } from './report.ts'

const MISSING = /executable file not found|no such file or directory/
const NOT_EXECUTABLE = /permission denied|is a directory/

/**
 * What `run` reports when the start of a container fails. Its command line was in order, so Docker's client does not point to
 * `--help` then; the exit code goes by the words, whatever they are about: a device that is missing counts as a command.
 */
export function startFailure(error: unknown): unknown {
  if (!(error instanceof LighterError) || !isDaemonsWord(error)) return error
  const { message, hint } = error
  const code = MISSING.test(message)
    ? 'command-not-found'
    : NOT_EXECUTABLE.test(message)
      ? 'command-not-executable'
      : 'start-failed'
  return new LighterError(code, message, { ...(hint && { hint }), cause: error })
}
