import { LighterError } from '../core/errors.ts'
import { parseReference, type Reference, withDefaultTag } from '../oci/reference.ts'

/** Parses the name of a list or of one of its members. Throws `bad-reference`. */
export const parseName = (text: string, what = ''): Reference => {
  try {
    return withDefaultTag(parseReference(text))
  } catch (error) {
    if (!(error instanceof LighterError) || what === '') throw error
    throw new LighterError(error.code, `${what} ${text}: ${error.message}`, { cause: error })
  }
}
