import { LighterError } from '../core/errors.ts'
import { inParallel } from '../core/parallel.ts'
import type { Attested } from '../format/documents/oci.ts'
import { fetchBlob } from '../manifest/fetch.ts'
import { type DescriptorDocument, readObject } from '../oci/descriptor.ts'
import type { OwnRepository } from '../registry/own-repository.ts'
import type { Details } from './details.ts'

const PARALLEL = 5
/** A bill of materials lists every file of an image. */
const MAX_STATEMENT = 64 * 1024 * 1024
/** What an index lists of them may be one blob, a thousand times. */
const MAX_TOTAL = 4 * MAX_STATEMENT
const PREDICATE = 'in-toto.io/predicate-type'
const SPDX = 'https://spdx.dev/Document'
const SLSA = 'https://slsa.dev/provenance/'
const ENVELOPE = /^application\/vnd\.in-toto\..*\+dsse$/

/** What of it somebody asks for: a bill of materials may be large. */
export interface Wanted {
  sbom: boolean
  provenance: boolean
}

/**
 * Fetches what attestations say of the images, by platform; of a single image without the platform. Nobody checks their signatures here:
 * it is shown what is said. Throws `digest-mismatch`, `registry-…`.
 */
export async function readAttestations(
  repository: OwnRepository,
  { images }: Details,
  wanted: Wanted,
): Promise<Attested> {
  checkTotal([...images.values()].flatMap(({ attestations }) => attestations))
  const sbom = new Map<string, object>()
  const provenance = new Map<string, object>()
  for (const [platform, { attestations }] of images) {
    const bills = wanted.sbom ? await readAll(repository, attestations, isBill) : []
    const [bill, ...others] = bills
    if (bill !== undefined) {
      const more = others.length > 0 ? { AdditionalSPDXs: others } : {}
      sbom.set(platform, { SPDX: bill, ...more })
    }
    const origins = wanted.provenance ? await readAll(repository, attestations, isOrigin) : []
    const last = origins.at(-1)
    if (last !== undefined) provenance.set(platform, { SLSA: last })
  }
  if (images.size > 1) {
    return { sbom: Object.fromEntries(sbom), provenance: Object.fromEntries(provenance) }
  }
  const [only = ''] = images.keys()
  return { sbom: sbom.get(only) ?? {}, provenance: provenance.get(only) ?? {} }
}

/** All are kept until the template is done. Throws `registry-protocol`. */
function checkTotal(attestations: readonly DescriptorDocument[]): void {
  const total = attestations.reduce((sum, { size }) => sum + size, 0)
  if (total <= MAX_TOTAL) return
  throw new LighterError('registry-protocol', `its attestations have more than ${MAX_TOTAL} bytes`)
}

const isBill = (predicate: string): boolean => predicate === SPDX
const isOrigin = (predicate: string): boolean => predicate.startsWith(SLSA)

const readAll = async (
  repository: OwnRepository,
  attestations: readonly DescriptorDocument[],
  isWanted: (predicate: string) => boolean,
): Promise<unknown[]> =>
  await inParallel(
    attestations.filter(
      ({ mediaType, annotations = {} }) =>
        (mediaType === 'application/vnd.in-toto+json' || ENVELOPE.test(mediaType)) &&
        isWanted(annotations[PREDICATE] ?? ''),
    ),
    PARALLEL,
    (descriptor) => readPredicate(repository, descriptor),
  )

async function readPredicate(
  repository: OwnRepository,
  descriptor: DescriptorDocument,
): Promise<unknown> {
  const what = `the attestation ${descriptor.digest}`
  const bytes = await fetchBlob(repository, descriptor, MAX_STATEMENT)
  const document = readObject(bytes, what)
  if (!ENVELOPE.test(descriptor.mediaType)) return document.predicate ?? null
  const payload = typeof document.payload === 'string' ? document.payload : ''
  return readObject(Buffer.from(payload, 'base64'), what).predicate ?? null
}
