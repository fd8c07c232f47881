import type { Location } from '../dockerfile/ast.ts'
import { DockerfileError } from '../dockerfile/errors.ts'

/** Has what is wrong with an instruction, or with its step, say which lines it is of. */
export const located =
  ({ location }: { location: Location | undefined }) =>
  (error: unknown): never => {
    if (!(error instanceof DockerfileError) || error.location || !location) throw error
    const hint = error.hint === undefined ? {} : { hint: error.hint }
    throw new DockerfileError(error.message, location, { cause: error, ...hint })
  }
