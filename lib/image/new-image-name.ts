import { LighterError } from '../core/errors.ts'
import { familiarName, formatReference, parseReference, withDefaultTag } from '../oci/reference.ts'

/**
 * The full form of the name a new image is to get; none for an empty text. Throws `bad-reference`, `bad-input`, and what
 * `withDigest` makes for a name that has a digest.
 */
export function newImageName(text: string, withDigest: () => LighterError): string | undefined {
  if (text === '') return undefined
  const reference = parseReference(text)
  if (reference.digest) throw withDigest()
  if (familiarName(reference) !== 'sha256') return formatReference(withDefaultTag(reference))
  throw new LighterError(
    'bad-input',
    'refusing to create an ambiguous tag using digest algorithm as name',
  )
}
