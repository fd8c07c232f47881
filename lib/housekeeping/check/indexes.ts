import { MAX_MANIFEST } from '../../oci/image.ts'
import { parseReference } from '../../oci/reference.ts'
import { readBlob } from '../../store/blobs.ts'
import { listReferences, type ReferenceRecord, readReference } from '../../store/references.ts'
import { readShared } from '../../store/shared.ts'
import { type Check, guard, persists, reasonOf } from './finding.ts'

/**
 * Whether the index is there that a name by digest stands for: containers do not need it, and who only reads the store, and every other
 * program that reads it, cannot tell without it what the name means. A pull brings it back.
 */
export async function checkIndexes(check: Check): Promise<void> {
  const { data } = check.engine.paths
  for (const record of listReferences(data, (_name, error) => reasonOf(error))) {
    const { reference } = record
    const digest = indexOf(record)
    if (!digest) continue
    await guard(check, { kind: 'image', id: reference }, async () => {
      const isMissing = (): boolean =>
        readReference(data, reference) !== undefined &&
        !readBlob(data, digest, MAX_MANIFEST) &&
        !readShared(check.engine.stores, digest)
      if (!(await persists(isMissing))) return
      check.report({
        kind: 'image',
        id: reference,
        outcome: 'damaged',
        problem: `the blob ${digest} of its index is missing or damaged`,
        advice: `'pull ${reference}' fetches it`,
      })
    })
  }
}

/** The digest of the index in a name; a name by the digest of the manifest itself has none. */
function indexOf({ reference, descriptor }: ReferenceRecord) {
  if (reference.indexOf('@') <= 0) return undefined
  const { digest } = parseReference(reference)
  return digest === descriptor.digest ? undefined : digest
}
