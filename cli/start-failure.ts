import { startFailureCode } from '../lib/container/failed-start.ts'
import { LighterError } from '../lib/core/errors.ts'
import { isDaemonsWord } from './report.ts'

/**
 * What `run` reports when the start of a container fails. Its command line was in order, so Docker's client does not point to
 * `--help` then.
 */
export function startFailure(error: unknown): unknown {
  if (!(error instanceof LighterError) || !isDaemonsWord(error)) return error
  const { message, hint } = error
  return new LighterError(startFailureCode(message), message, {
    ...(hint && { hint }),
    cause: error,
  })
}
