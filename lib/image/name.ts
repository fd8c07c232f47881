import { join } from 'node:path'
import { isLowerHex } from '../core/characters.ts'
import { LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import type { Descriptor } from '../oci/image.ts'
import {
  familiarName,
  familiarReference,
  formatReference,
  parseReference,
  type Reference,
  withDefaultTag,
} from '../oci/reference.ts'
import { hasReaders } from '../store/readers.ts'
import {
  deriveIndex,
  listReferences,
  type ReferenceRecord,
  readReference,
  removeReference,
  writeReference,
} from '../store/references.ts'
import { keepDocuments } from './adopt.ts'
import { recordImageEvent } from './events.ts'
import { getImage, readImage } from './find.ts'
import { layerSize } from './list.ts'
import { joinOrigins, originsOfImage } from './origin.ts'

/** What a name is to stand for. */
export interface Naming {
  descriptor: Descriptor
  imageId: Digest
  /** As in the record; a name that had this image before stays pulled if it was. */
  pulledAs: readonly string[]
  taggedAt?: string
}

/**
 * Points a name at an image, whose documents are in the store. An image that loses its last name by this stays, without one, until it
 * is removed. A new name that is not `durable` may be lost in a power cut; one that had another image never is.
 */
export function setReference(
  engine: Engine,
  reference: string,
  image: Naming,
  durable = true,
): void {
  const { data } = engine.paths
  const old = readReference(data, reference)
  if (old?.imageId === image.imageId && old.descriptor.digest === image.descriptor.digest) {
    const pulledAs = joinOrigins(old.pulledAs, image.pulledAs)
    if (pulledAs && pulledAs.length !== old.pulledAs?.length)
      writeReference(data, { ...old, pulledAs })
    return
  }
  const createdAt = new Date().toISOString()
  if (old && old.imageId !== image.imageId) {
    const names = listReferences(data).filter(({ imageId }) => imageId === old.imageId)
    if (names.length === 1) writeReference(data, { ...old, reference: `@${old.imageId}` })
  }
  const record = { reference, ...image, createdAt }
  const sizes = hasReaders(join(data, 'refs')) ? { layerSizes: measure(engine, record) } : {}
  writeReference(data, { ...record, ...sizes }, durable || old !== undefined)
  if (readReference(data, `@${image.imageId}`)) {
    removeReference(data, `@${image.imageId}`)
    deriveIndex(data)
  }
}

/** Sizes of an image's layers, for those who only read this store. */
function measure(engine: Engine, record: ReferenceRecord): Record<string, number> {
  const image = readImage(engine, record)
  const sizes = image?.config.diffIds.map((diffId) => [diffId, layerSize(engine, image, diffId)])
  return Object.fromEntries(sizes ?? [])
}

/** As `giveName`, of texts, in the words of Docker's client. */
export function tagImage(engine: Engine, source: string, target: string): void {
  // The client looks at both names before its daemon looks for the image; an id in full is none.
  if (!isLowerHex(source, 64)) parseGiven(source)
  giveName(engine, source, parseGiven(target))
}

/** Gives an image one more name. Throws `no-such-image`, `bad-image-name`, `bad-reference` and `bad-input`. */
export function giveName(engine: Engine, source: string, target: Reference): void {
  const reference = targetName(target)
  const image = getImage(engine, source)
  const taggedAt = new Date().toISOString()
  const pulledAs = originsOfImage(engine.stores, image.id)
  using _documents = keepDocuments(engine, image)
  const naming = { descriptor: image.manifest, imageId: image.id, pulledAs, taggedAt }
  setReference(engine, reference, naming)
  const name = familiarReference(parseReference(reference))
  const { labels } = image.config.defaults
  recordImageEvent(engine.paths.data, 'tag', { id: image.id, name, labels })
}

/** In its full form. */
function targetName(target: Reference): string {
  const reference = withDefaultTag(target)
  if (reference.digest) {
    throw new LighterError('bad-reference', 'refusing to create a tag with a digest reference')
  }
  if (familiarName(reference) === 'sha256') {
    throw new LighterError(
      'bad-input',
      'refusing to create an ambiguous tag using digest algorithm as name',
    )
  }
  return formatReference(reference)
}

function parseGiven(text: string): Reference {
  try {
    return parseReference(text)
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    throw new LighterError(
      'bad-reference',
      `Error parsing reference: "${text}" is not a valid repository/tag: ${error.message}`,
    )
  }
}
