import type { Digest } from '../core/ids.ts'
import { fullName, parseReference } from '../oci/reference.ts'
import type { ReferenceRecord } from '../store/references.ts'
import { type ImageStores, listAllReferences } from '../store/shared.ts'

/** So many names of registries are remembered of one image: more would make its records long. */
const MAX_ORIGINS = 32

/**
 * The names that the image of a record was pulled under: those that its record has, for it goes on under other names when the first
 * one is gone. `family`: all records of the image; records of old do not say it, and what they say is concluded from them.
 */
export function originsOf(record: ReferenceRecord, family: readonly ReferenceRecord[]): string[] {
  // Nothing that others have was made here, whatever their record says.
  if ('store' in record) return [record.reference]
  return record.pulledAs ? [...record.pulledAs] : conclude(record, family)
}

/** A pull leaves a name by digest beside the tag; a tag that a user gave says so. */
function conclude(
  { reference, taggedAt }: ReferenceRecord,
  family: readonly ReferenceRecord[],
): string[] {
  if (taggedAt !== undefined || reference.startsWith('@')) return []
  const repository = `${fullName(parseReference(reference))}@`
  return family.some(({ reference: other }) => other.startsWith(repository)) ? [reference] : []
}

/** All names that an image was pulled under, here and by those whose stores are used. */
export function originsOfImage(stores: ImageStores, imageId: Digest): string[] {
  const family = listAllReferences(stores).filter((record) => record.imageId === imageId)
  return bounded(family.flatMap((record) => originsOf(record, family)))
}

/**
 * What a name that had this very image before says of its origin from now on: what is known is never forgotten. `before` is
 * `undefined` for a record of old, whose origin is concluded as long as nothing better is known.
 */
export function joinOrigins(
  before: readonly string[] | undefined,
  now: readonly string[],
): string[] | undefined {
  if (!before && now.length === 0) return undefined
  return bounded([...(before ?? []), ...now])
}

/** The last ones are the newest. */
const bounded = (names: readonly string[]): string[] => [...new Set(names)].slice(-MAX_ORIGINS)
