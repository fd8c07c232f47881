import { LighterError } from '../core/errors.ts'
import { type Digest, isDigest } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import {
  type Descriptor,
  type ImageConfig,
  MAX_CONFIG,
  MAX_MANIFEST,
  parseImageConfig,
  parseManifest,
} from '../oci/image.ts'
import { formatReference, parseReference, withDefaultTag } from '../oci/reference.ts'
import { readBlob } from '../store/blobs.ts'
import { layerPath } from '../store/layers.ts'
import { listReferences, type ReferenceRecord, readReference } from '../store/references.ts'
import { isSquashed } from './layer-kind.ts'

export interface Image {
  id: Digest
  manifest: Descriptor
  layers: Descriptor[]
  config: ImageConfig
}

/** Finds an image by id, by reference, or by the beginning of its id; reads no more than its own records. */
export function findImage(engine: Engine, text: string): Image | undefined {
  const record = findRecord(engine, text)
  return record && readImage(engine, record)
}

/** As `findImage`; throws `no-such-image`. */
export function getImage(engine: Engine, text: string): Image {
  const image = findImage(engine, text)
  if (!image) throw new LighterError('no-such-image', `No such image: ${text}`)
  return image
}

/** One reference of the image that the text names. */
export function findRecord(engine: Engine, text: string): ReferenceRecord | undefined {
  const { data } = engine.paths
  const id = /^(?:sha256:)?([0-9a-f]{64})$/.exec(text)?.[1]
  if (id) return listReferences(data).find((record) => record.imageId === `sha256:${id}`)
  return findNamed(engine, text) ?? findPrefix(data, text)
}

function findNamed(engine: Engine, text: string): ReferenceRecord | undefined {
  const { data } = engine.paths
  const name = text.startsWith('sha256:') ? undefined : parseName(text)
  if (!name) return undefined
  const found = readReference(data, name)
  if (found || !name.includes('@')) return found
  const reference = parseReference(text)
  return reference.tag
    ? readReference(data, formatReference({ ...reference, tag: undefined }))
    : undefined
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

function findPrefix(data: string, text: string): ReferenceRecord | undefined {
  const prefix = /^(?:sha256:)?([0-9a-f]{1,64})$/.exec(text)?.[1]
  if (!prefix) return undefined
  const records = listReferences(data).filter(({ imageId }) =>
    imageId.startsWith(`sha256:${prefix}`),
  )
  const ids = new Set(records.map(({ imageId }) => imageId))
  return ids.size === 1 ? records[0] : undefined
}

/** Reads the image of a reference; `undefined` when a part of it is damaged or gone. */
export function readImage(engine: Engine, record: ReferenceRecord): Image | undefined {
  const { data } = engine.paths
  const bytes = readBlob(data, record.descriptor.digest, MAX_MANIFEST)
  const manifest = bytes && parseManifest(bytes, record.descriptor.mediaType)
  if (manifest?.kind !== 'image' || !isDigest(manifest.config.digest)) return undefined
  const config = readBlob(data, manifest.config.digest, MAX_CONFIG)
  if (!config) return undefined
  return {
    id: manifest.config.digest,
    manifest: record.descriptor,
    layers: manifest.layers,
    config: parseImageConfig(config),
  }
}

/** The unpacked trees of an image, the topmost first, as an overlay wants them. */
export const layerTrees = (engine: Engine, image: Image): string[] =>
  image.config.diffIds
    .map((diffId) => `${layerPath(engine.paths.data, diffId, isSquashed(engine))}/fs`)
    .reverse()
