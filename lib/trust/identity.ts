import { LighterError } from '../core/errors.ts'
import { fullName, parseReference, type Reference } from '../oci/reference.ts'

/** Which names a signature may be for, as containers-policy.json(5) has it under `signedIdentity`. */
export type IdentityRule =
  | { type: 'matchExact' }
  | { type: 'matchRepoDigestOrExact' }
  | { type: 'matchRepository' }
  | { type: 'exactReference'; reference: Reference }
  | { type: 'exactRepository'; repository: Reference }
  | { type: 'remapIdentity'; prefix: string; signedPrefix: string }

/**
 * Whether a signature for `signed`, the name as it is in the signature, is one for the image that is meant. What no reference can
 * be is for none.
 */
export function isIdentity(rule: IdentityRule, image: Reference, signed: string): boolean {
  const claimed = parseIfReference(signed)
  if (!claimed) return false
  switch (rule.type) {
    case 'matchExact':
      return isSame(image, claimed)
    case 'matchRepoDigestOrExact':
      return isSameOrDigest(image, claimed)
    case 'matchRepository':
      return fullName(image) === fullName(claimed)
    case 'exactReference':
      return isSame(rule.reference, claimed)
    case 'exactRepository':
      return fullName(rule.repository) === fullName(claimed)
    case 'remapIdentity': {
      const remapped = remap(rule, image)
      return remapped !== undefined && isSameOrDigest(remapped, claimed)
    }
  }
}

/** The name that decides: beside a digest a tag says nothing. */
export const withoutVainTag = (reference: Reference): Reference =>
  reference.digest ? { ...reference, tag: undefined } : reference

function isSame(image: Reference, claimed: Reference): boolean {
  const isWhole = ({ tag, digest }: Reference) => tag !== undefined || digest !== undefined
  return (
    isWhole(image) &&
    isWhole(claimed) &&
    fullName(image) === fullName(claimed) &&
    image.tag === claimed.tag &&
    image.digest === claimed.digest
  )
}

/** An image by digest is that image under whatever tag it was signed: that the digest fits is seen elsewhere. */
function isSameOrDigest(image: Reference, claimed: Reference): boolean {
  if (image.tag !== undefined) return isSame(image, claimed)
  if (image.digest === undefined) return false
  const isWhole = claimed.tag !== undefined || claimed.digest !== undefined
  return isWhole && fullName(image) === fullName(claimed)
}

function remap(
  { prefix, signedPrefix }: { prefix: string; signedPrefix: string },
  image: Reference,
): Reference | undefined {
  const name = fullName(image)
  if (name !== prefix && !name.startsWith(`${prefix}/`)) return image
  const signed = `${signedPrefix}${name.slice(prefix.length)}`
  const parsed = parseIfReference(signed)
  // A prefix that names no registry would be completed to another name.
  if (!parsed || fullName(parsed) !== signed) return undefined
  return { ...parsed, tag: image.tag, digest: image.digest }
}

function parseIfReference(text: string): Reference | undefined {
  try {
    return parseReference(text)
  } catch (error) {
    if (error instanceof LighterError) return undefined
    throw error
  }
}
