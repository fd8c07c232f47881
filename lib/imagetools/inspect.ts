import type { Engine } from '../engine.ts'
import type { Attested } from '../format/documents/oci.ts'
import { fetchManifest, selectorOf } from '../manifest/fetch.ts'
import { type DescriptorDocument, isIndex, readMap, readObject } from '../oci/descriptor.ts'
import { parseReference, type Reference, withDefaultTag } from '../oci/reference.ts'
import type { OwnRepository } from '../registry/own-repository.ts'
import { closeConnections } from '../registry/transport.ts'
import { readAttestations, type Wanted } from './attestations.ts'
import { listedIn } from './combine.ts'
import { readDetails } from './details.ts'
import type { ImageDocument } from './image-document.ts'
import { openSource } from './resolve.ts'
import { pullError } from './words.ts'

/** What a registry has under a name. */
export interface Inspected {
  reference: Reference
  descriptor: DescriptorDocument
  bytes: Buffer
  /** What an index lists; nothing of anything else. */
  manifests: DescriptorDocument[]
}

/** The same with all that templates may ask for. */
export interface InspectedImage extends Inspected {
  /** As Go writes it: an index with its digest and size, or the descriptor of a manifest. */
  manifest: Readonly<Record<string, unknown>>
  /** By platform, in the order of their names. */
  images: Map<string, ImageDocument>
  attested: Attested
}

/** Fetches what a name refers to. Throws `bad-reference`, `digest-mismatch`, `registry-…`. */
export const inspectName = async (engine: Engine, name: string): Promise<Inspected> =>
  await withRepository(engine, name, lookAt)

/** Fetches all that is behind a name. Throws as `inspectName`. */
export const inspectImage = async (
  engine: Engine,
  name: string,
  wanted: Wanted,
): Promise<InspectedImage> =>
  await withRepository(engine, name, async (repository) => {
    const inspected = await lookAt(repository)
    const details = await readDetails(repository, inspected.descriptor, inspected.bytes)
    const images = [...details.images].map(([platform, { image }]) => [platform, image] as const)
    return {
      ...inspected,
      manifest: manifestDocument(inspected),
      images: new Map(images),
      attested: await readAttestations(repository, details, wanted),
    }
  })

async function withRepository<Result>(
  { paths }: Engine,
  name: string,
  look: (repository: OwnRepository) => Promise<Result>,
): Promise<Result> {
  const reference = withDefaultTag(parseReference(name))
  try {
    const repository = await openSource(paths, reference)
    return await look(repository).catch((error: unknown) => {
      throw pullError(error, reference)
    })
  } finally {
    await closeConnections()
  }
}

async function lookAt(repository: OwnRepository): Promise<Inspected> {
  const { reference } = repository
  const { bytes, mediaType, digest } = await fetchManifest(repository, selectorOf(reference))
  return {
    reference,
    descriptor: { mediaType, digest, size: bytes.length },
    bytes,
    manifests: isIndex(mediaType) ? listedIn(bytes) : [],
  }
}

function manifestDocument({ descriptor, bytes, manifests }: Inspected) {
  const { mediaType, digest, size } = descriptor
  if (!isIndex(mediaType)) return { ...descriptor }
  const index = readObject(bytes, 'the index')
  const annotations = readMap(index.annotations)
  return {
    schemaVersion: typeof index.schemaVersion === 'number' ? index.schemaVersion : 0,
    ...(index.mediaType === mediaType ? { mediaType } : {}),
    digest,
    size,
    manifests,
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  }
}
