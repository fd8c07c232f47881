import { LighterError } from '../core/errors.ts'
import type { Engine } from '../engine.ts'
import {
  formatReference,
  parseReference,
  type Reference,
  withDefaultTag,
} from '../oci/reference.ts'
import type { ReferenceRecord } from '../store/references.ts'
import { listAllReferences } from '../store/shared.ts'
import { checkImage, checkLocalName, checkPolicy } from '../trust/check.ts'
import { findRecord, type Image, noSuchImage } from './find.ts'
import { originsOf } from './origin.ts'

/**
 * Refuses an image of the store that the signature policy would not let in now. The policy is about where images come from: for a name
 * that came with a pull that is the name; for an image that is called by its id, or by a name that was given here, every name that
 * it was pulled under would do, also one that is gone. What was built, imported or loaded here came in otherwise: of that only a rule for its name counts.
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
  const check = async ({ descriptor }: ReferenceRecord, name: string): Promise<void> =>
    await checkImage(
      engine.paths,
      { reference: parseReference(name), digest: descriptor.digest },
      { signed: false, remembered: true },
    )
  const { digest } = record.descriptor
  const wanted = parseIfName(text)
  // As Docker, for which the beginning of an id is a name that nobody vouches for.
  if (signed && wanted && !wanted.digest) {
    const options = { signed, remembered: true }
    return await checkImage(engine.paths, { reference: withDefaultTag(wanted), digest }, options)
  }
  if (isCalledByName) {
    const { reference } = record
    if (originsOf(record, all).includes(reference)) return await check(record, reference)
    checkLocalName(engine.paths, parseReference(reference))
  }
  await passAny(
    all.flatMap((known) => originsOf(known, all).map((name) => () => check(known, name))),
  )
}

/** One that passes is enough. Throws what the first one is refused for. */
async function passAny(checks: readonly (() => Promise<void>)[]): Promise<void> {
  const refusals: unknown[] = []
  for (const check of checks) {
    try {
      return await check()
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
