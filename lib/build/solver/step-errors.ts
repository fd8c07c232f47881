import { DockerfileError } from '../../dockerfile/errors.ts'
import type { Step } from '../graph.ts'

/** In BuildKit's words, with what it calls the files by. */
export const uncounted = ({ digest }: Step): ((error: unknown) => never) =>
  withPrefix(`failed to calculate checksum of ref ${digest.slice(7, 32)}: `)

/** Has a message of the Dockerfile's matters begin otherwise. */
export const withPrefix =
  (prefix: string) =>
  (error: unknown): never => {
    if (!(error instanceof DockerfileError)) throw error
    const hint = error.hint === undefined ? {} : { hint: error.hint }
    throw new DockerfileError(`${prefix}${error.message}`, error.location, {
      cause: error,
      ...hint,
    })
  }

/** The end of what was stopped because something else had failed. */
export const isStop = (error: unknown): boolean =>
  error instanceof Error && error.name === 'AbortError'
