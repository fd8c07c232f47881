import type { Engine } from '../engine.ts'
import { isElsewhere, readObject } from '../oci/descriptor.ts'
import { type Descriptor, MEDIA_TYPES } from '../oci/image.ts'
import { digestOf, writeBlob } from '../store/blobs.ts'
import { listReferences, writeReference } from '../store/references.ts'
import { listAllReferences, peekBlobAnywhere } from '../store/shared.ts'
import { damagedBlob } from './archive-writer.ts'
import type { Image } from './find.ts'
import type { BlobHold } from './hold.ts'
import { findLayerBlobs } from './layer-blobs.ts'
import { compressionOf, layerType } from './layer-types.ts'

/**
 * The image with compressed layers, as Docker gives images to registries. What is here with its layers plain, because it was built here,
 * gets another manifest for that, which its names stand for from then on: the next push finds everything done. An image that a registry
 * has, or had, under the digest of its manifest stays what it is. Blobs are held. Throws `damaged-image`, `no-space`.
 */
export async function ensureCompressed(
  engine: Engine,
  image: Image,
  hold: BlobHold,
): Promise<Image> {
  const isPlain = (layer: Descriptor): boolean =>
    /\.tar$/.test(layer.mediaType) && !isElsewhere(layer)
  if (!image.layers.some(isPlain) || isInRegistry(engine, image)) return image
  const known = findLayerBlobs(engine, image.config.diffIds)
  const layers: Descriptor[] = []
  for (const [index, layer] of image.layers.entries()) {
    const diffId = image.config.diffIds[index]
    if (!isPlain(layer) || diffId === undefined) {
      layers.push(layer)
      continue
    }
    const gzip = known.get(diffId)?.find(({ mediaType }) => compressionOf(mediaType) === 'gzip')
    if (gzip) hold.add([gzip.digest])
    const { unwrapped, wrapLayer } = await import('./compress.ts')
    const plain = unwrapped(engine, diffId, layer)
    layers.push(gzip ?? (await wrapLayer(engine, plain, { compression: 'gzip' }, hold)))
  }
  return rename(engine, image, layers, hold)
}

const isInRegistry = (engine: Engine, { manifest }: Image): boolean =>
  listAllReferences(engine.stores).some(({ reference }) =>
    reference.endsWith(`@${manifest.digest}`),
  )

/** Writes the manifest with these layers, and has the names of the image stand for it. */
function rename(engine: Engine, image: Image, layers: Descriptor[], hold: BlobHold): Image {
  const { data } = engine.paths
  const { digest: before, size, mediaType } = image.manifest
  const old = peekBlobAnywhere(engine.stores, before, size)
  if (!old) throw damagedBlob(before)
  const document = readObject(old, 'the manifest')
  const listed = Array.isArray(document.layers) ? document.layers : []
  const oci = mediaType !== MEDIA_TYPES.dockerManifest
  const wrapped = layers.map((layer, index) => ({
    ...listed[index],
    mediaType: layerType(compressionOf(layer.mediaType), oci),
    digest: layer.digest,
    size: layer.size,
  }))
  // As builds write manifests: the same build finds the same one.
  const bytes = Buffer.from(JSON.stringify({ ...document, layers: wrapped }, null, 2))
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length }
  hold.add([descriptor.digest])
  writeBlob(data, descriptor.digest, bytes)
  for (const record of listReferences(data))
    if (record.imageId === image.id && record.descriptor.digest === before)
      writeReference(data, { ...record, descriptor })
  return { ...image, manifest: descriptor, layers: wrapped }
}
