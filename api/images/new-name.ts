import { LighterError } from '../../lib/core/errors.ts'
import { newImageName } from '../../lib/image/new-image-name.ts'
import { formatReference, isTag, parseReference, type Reference } from '../../lib/oci/reference.ts'
import { badRequest } from '../http/errors.ts'

/** The name that a query gives a new image, `repo` and `tag`; `undefined` where it gives none. Throws 400. */
export function newNameIn(repository: string, tag: string): string | undefined {
  if (repository === '') return undefined
  const reference = parseReference(repository)
  if (reference.digest !== undefined) throw withDigest()
  const named = tag === '' ? reference : withTag(reference, tag)
  return newImageName(formatReference(named), withDigest)
}

/** With another tag in the place of its own. Throws 400. */
export function withTag(reference: Reference, tag: string): Reference {
  if (isTag(tag)) return { ...reference, tag, digest: undefined }
  throw badRequest('invalid tag format')
}

const withDigest = () => new LighterError('bad-reference', 'cannot import digest reference')
