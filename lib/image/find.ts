import { isLowerHex } from '../core/characters.ts'
import { LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { type Descriptor, type ImageConfig, parseImageConfig, parseManifest } from '../oci/image.ts'
import {
  familiarReference,
  formatReference,
  parseReference,
  withDefaultTag,
} from '../oci/reference.ts'
import { layerName } from '../store/layers.ts'
import { listReferences, type ReferenceRecord, readReference } from '../store/references.ts'
import {
  findSharedReference,
  type ImageStores,
  layerTree,
  listSharedReferences,
  peekBlobAnywhere,
} from '../store/shared.ts'
import { isSquashed } from './layer-kind.ts'

export interface Image {
  id: Digest
  manifest: Descriptor
  layers: Descriptor[]
  config: ImageConfig
  /** What a store of others says of the unpacked layers. */
  layerSizes?: Readonly<Record<string, number>> | undefined
}

/** Finds an image by id, by reference, or by the beginning of its id; reads no more than its own records. */
export function findImage(engine: Engine, text: string): Image | undefined {
  const record = findRecord(engine, text)
  return record && readImage(engine, record)
}

/** As `findImage`; throws `no-such-image`, and `bad-image-name` for what is no name of an image at all. */
export function getImage(engine: Engine, text: string): Image {
  const image = readImage(engine, getRecord(engine, text))
  if (!image) throw noSuchImage(text)
  return image
}

/** As `findRecord`; throws as `getImage` does. */
export function getRecord(engine: Engine, text: string): ReferenceRecord {
  try {
    const record = findRecord(engine, text)
    if (record) return record
  } catch (error) {
    if (!(error instanceof LighterError && error.code === 'bad-reference')) throw error
    throw new LighterError('bad-image-name', error.message)
  }
  throw noSuchImage(text)
}

/** The error for an image that is not here; names are completed as Docker does. */
export function noSuchImage(text: string): LighterError {
  return new LighterError('no-such-image', `No such image: ${completeName(text)}`)
}

function completeName(text: string): string {
  if (text.startsWith('sha256:')) return text
  if (isLowerHex(text, 64)) return `sha256:${text}`
  return familiarReference(withDefaultTag(parseReference(text)))
}

/** One reference of the image that the text names. */
export function findRecord(engine: Engine, text: string): ReferenceRecord | undefined {
  const id = text.startsWith('sha256:') ? text.slice('sha256:'.length) : text
  if (isLowerHex(id, 64)) return findById(engine.stores, `sha256:${id}`)
  const { own } = engine.stores
  // Nobody else's name stands before an own id.
  return find({ own, shared: [] }, text) ?? find(engine.stores, text)
}

const find = (stores: ImageStores, text: string): ReferenceRecord | undefined =>
  findNamed(stores, text) ?? findPrefix(stores, text)

/** What others have is looked at when the own store has nothing. */
function findById(stores: ImageStores, id: string): ReferenceRecord | undefined {
  const isWanted = ({ imageId }: ReferenceRecord): boolean => imageId === id
  return listReferences(stores.own).find(isWanted) ?? listSharedReferences(stores).find(isWanted)
}

function findNamed(stores: ImageStores, text: string): ReferenceRecord | undefined {
  const read = (reference: string): ReferenceRecord | undefined =>
    readReference(stores.own, reference) ?? findSharedReference(stores, reference)
  const name = text.startsWith('sha256:') ? parseIdLike(text) : parseName(text)
  if (!name) return undefined
  const found = read(name)
  if (found || !name.includes('@')) return found
  const reference = parseReference(text)
  return reference.tag ? read(formatReference({ ...reference, tag: undefined })) : undefined
}

/** No image may be called `sha256`, but what stands behind the colon has to be as a tag is. */
function parseIdLike(text: string): undefined {
  parseReference(text)
}

function parseName(text: string): string | undefined {
  try {
    return formatReference(withDefaultTag(parseReference(text)))
  } catch (error) {
    // The beginning of an id may look like nothing that has a name.
    if (/^[0-9a-f]{1,64}$/.test(text)) return undefined
    throw error
  }
}

function findPrefix(stores: ImageStores, text: string): ReferenceRecord | undefined {
  const prefix = /^(?:sha256:)?([0-9a-f]{1,64})$/.exec(text)?.[1]
  if (!prefix) return undefined
  const isMeant = ({ imageId }: ReferenceRecord): boolean => imageId.startsWith(`sha256:${prefix}`)
  const own = listReferences(stores.own).filter(isMeant)
  // Nobody else makes the beginning of an own id ambiguous.
  const records = own.length > 0 ? own : listSharedReferences(stores).filter(isMeant)
  const ids = new Set(records.map(({ imageId }) => imageId))
  return ids.size === 1 ? records[0] : undefined
}

/**
 * Reads the image of a reference; `undefined` when a part of it is damaged or gone. On the way to every container:
 * lengths and syntax are checked, not digests; a pull checks those. Of what comes from stores of others the digests are checked, too.
 */
export function readImage(engine: Engine, record: ReferenceRecord): Image | undefined {
  const { stores } = engine
  const { digest, size, mediaType } = record.descriptor
  const bytes = peekBlobAnywhere(stores, digest, size)
  if (!bytes) return undefined
  try {
    const manifest = parseManifest(bytes, mediaType)
    if (manifest.kind !== 'image') return undefined
    const { layers } = manifest
    const id = manifest.config.digest
    // A record is believed nothing that its manifest does not say.
    if (id !== record.imageId) return undefined
    const config = peekBlobAnywhere(stores, id, manifest.config.size)
    if (!config) return undefined
    const { descriptor, layerSizes } = record
    return { id, manifest: descriptor, layers, config: parseImageConfig(config), layerSizes }
  } catch (error) {
    if (error instanceof LighterError && error.code === 'registry-protocol') return undefined
    throw error
  }
}

/** The unpacked trees of an image, the topmost first, as an overlay wants them. */
export const layerTrees = (engine: Engine, image: Image): string[] =>
  image.config.diffIds
    .map((diffId) => layerTree(engine.stores, layerName(diffId, isSquashed(engine))))
    .reverse()
