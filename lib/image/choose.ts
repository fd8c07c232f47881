import { LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { type Descriptor, parseManifest } from '../oci/image.ts'
import { formatReference, fullName, parseReference, type Reference } from '../oci/reference.ts'
import type { ReferenceRecord } from '../store/references.ts'
import { listAllReferences, peekBlobAnywhere } from '../store/shared.ts'
import { findRecord, type Image, readImage } from './find.ts'

/** An image with the tags it was chosen by, in their full form. */
export interface NamedImage {
  image: Image
  config: Descriptor
  references: string[]
}

/**
 * The images that names, repositories and ids mean, each once, in the order of their first mention. A repository without a tag means
 * all its tags; an id, or a name by digest, means the image without any. Throws `no-such-image`, `bad-input` and `damaged-image`.
 */
export function chooseImages(engine: Engine, texts: readonly string[]): NamedImage[] {
  const chosen = new Map<Digest, NamedImage>()
  for (const text of texts) {
    for (const { record, reference } of findChoices(engine, text)) {
      const known = chosen.get(record.descriptor.digest) ?? readNamed(engine, record)
      chosen.set(record.descriptor.digest, known)
      if (reference && !known.references.includes(reference)) known.references.push(reference)
    }
  }
  return [...chosen.values()]
}

interface Choice {
  record: ReferenceRecord
  reference?: string
}

function findChoices(engine: Engine, text: string): Choice[] {
  const wanted = isId(text) ? undefined : parse(text)
  if (wanted?.tag === undefined && wanted?.digest === undefined) {
    const tags = wanted ? tagsOf(engine, wanted) : []
    const found = tags.length > 0 ? undefined : findRecord(engine, text)
    if (tags.length === 0 && !found) {
      throw new LighterError('no-such-image', `No such image: ${text}`)
    }
    return found ? [{ record: found }] : tags
  }
  const record = findRecord(engine, text)
  if (!record) throw new LighterError('bad-input', 'reference does not exist')
  return [wanted.digest ? { record } : { record, reference: formatReference(wanted) }]
}

const isId = (text: string): boolean => /^(?:sha256:.+|[0-9a-f]{64})$/.test(text)

/** Here it is the daemon that reads names, and says what is wrong with them. */
function parse(text: string): Reference {
  try {
    return parseReference(text)
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    throw new LighterError('bad-input', error.message, { cause: error })
  }
}

const tagsOf = (engine: Engine, wanted: Reference): Choice[] =>
  listAllReferences(engine.stores).flatMap((record) => {
    const { reference } = record
    if (reference.startsWith('@') || reference.includes('@sha256:')) return []
    return fullName(parseReference(reference)) === fullName(wanted) ? [{ record, reference }] : []
  })

function readNamed(engine: Engine, record: ReferenceRecord): NamedImage {
  const image = readImage(engine, record)
  const { digest, size, mediaType } = record.descriptor
  const bytes = peekBlobAnywhere(engine.stores, digest, size)
  const manifest = bytes && parseManifest(bytes, mediaType)
  if (image && manifest?.kind === 'image') {
    return { image, config: manifest.config, references: [] }
  }
  throw new LighterError(
    'damaged-image',
    `image ${record.imageId} is damaged: pull or load it again`,
  )
}
