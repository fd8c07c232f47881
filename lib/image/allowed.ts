import { LighterError } from '../core/errors.ts'
import type { Engine } from '../engine.ts'
import {
  formatReference,
  fullName,
  parseReference,
  type Reference,
  withDefaultTag,
} from '../oci/reference.ts'
import type { ReferenceRecord } from '../store/references.ts'
import { listAllReferences } from '../store/shared.ts'
import { checkImage, checkLocalName, checkPolicy } from '../trust/check.ts'
import { findRecord, type Image, noSuchImage } from './find.ts'

/**
 * Refuses an image of the store that the signature policy would not let in now. The policy is about where images come from: for a name
 * that came with a pull that is the name; for an image that is called by its id, or by a name that was given here, every name that
 * it was pulled under would do. What was built, imported or loaded here came in otherwise: of that only a rule for its name counts.
 * `signed`: content trust is on, a name must be one that somebody vouches for. Throws as `checkImage` does.
 */
export async function checkStored(
  engine: Engine,
  text: string,
  found: Image,
  signed: boolean,
): Promise<void> {
  checkPolicy(engine.paths)
  const record = findRecord(engine, text)
  // The name may lead elsewhere by now, and what was found is what will run.
  if (record?.imageId !== found.id || record.descriptor.digest !== found.manifest.digest)
    throw noSuchImage(text)
  const all = listAllReferences(engine.stores).filter(({ imageId }) => imageId === record.imageId)
  const isCalledByName = isNameOf(record, text)
  const check = async ({ reference, descriptor }: ReferenceRecord): Promise<void> =>
    await checkImage(
      engine.paths,
      { reference: parseReference(reference), digest: descriptor.digest },
      { signed: false, remembered: true },
    )
  const { digest } = record.descriptor
  const wanted = parseIfName(text)
  // As Docker, for which the beginning of an id is a name that nobody vouches for.
  if (signed && wanted && !wanted.digest) {
    const options = { signed, remembered: true }
    return await checkImage(engine.paths, { reference: withDefaultTag(wanted), digest }, options)
  }
  if (isCalledByName && isPulled(record, all)) return await check(record)
  if (isCalledByName) checkLocalName(engine.paths, parseReference(record.reference))
  await passAny(
    all.filter((name) => isPulled(name, all)),
    check,
  )
}

/** One that passes is enough. Throws what the first one is refused for. */
async function passAny(
  names: readonly ReferenceRecord[],
  check: (name: ReferenceRecord) => Promise<void>,
): Promise<void> {
  const refusals: unknown[] = []
  for (const name of names) {
    try {
      return await check(name)
    } catch (error) {
      if (!(error instanceof LighterError)) throw error
      refusals.push(error)
    }
  }
  if (refusals.length > 0) throw refusals[0]
}

function isNameOf({ reference }: ReferenceRecord, text: string): boolean {
  const wanted = parseIfName(text)
  if (!wanted) return false
  const name = withDefaultTag(wanted)
  return [name, { ...name, tag: undefined }].map(formatReference).includes(reference)
}

/** An id in full is no name. */
function parseIfName(text: string): Reference | undefined {
  try {
    return text.startsWith('sha256:') ? undefined : parseReference(text)
  } catch (error) {
    if (error instanceof LighterError) return undefined
    throw error
  }
}

/** A pull leaves a name by digest beside the tag; a tag that a user gave says so. */
function isPulled(record: ReferenceRecord, family: readonly ReferenceRecord[]): boolean {
  // Nothing that others have was made here, whatever their record says.
  if ('store' in record) return true
  const { reference, taggedAt } = record
  if (taggedAt !== undefined || reference.startsWith('@')) return false
  const repository = `${fullName(parseReference(reference))}@`
  return family.some(({ reference: other }) => other.startsWith(repository))
}
