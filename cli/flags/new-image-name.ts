import { LighterError } from '../../lib/core/errors.ts'
import { formatReference, parseReference, withDefaultTag } from '../../lib/oci/reference.ts'

/** The full form of the name a new image is to get; none for an empty text. Throws `bad-reference`. */
export function newImageName(text: string): string | undefined {
  if (text === '') return undefined
  const reference = parseReference(text)
  if (!reference.digest) return formatReference(withDefaultTag(reference))
  throw new LighterError('bad-reference', 'refusing to create a tag with a digest reference')
}
