import { LighterError } from '../../core/errors.ts'
import type { Engine } from '../../engine.ts'
import { recordImageEvent } from '../../image/events.ts'
import { openHold } from '../../image/hold.ts'
import { isSquashed } from '../../image/layer-kind.ts'
import { setReference } from '../../image/name.ts'
import { familiarReference, formatReference, parseReference } from '../../oci/reference.ts'
import { hasBlob, writeBlob } from '../../store/blobs.ts'
import { listReferences, writeReference } from '../../store/references.ts'
import { hasLayerAnywhere } from '../../store/shared.ts'
import type { BuiltImage, ExportedImage } from '../result.ts'
import { fullReference } from './attributes.ts'
import { type Composed, type ComposedImage, composeImages } from './compose.ts'
import type { ExportContext, ImageWishes, OnStep } from './wishes.ts'

/**
 * Keeps what was built as an image of the store, under all its names (as they were given); without one it is listed by its id. As
 * Docker's own store it has no index and no attestations. Names come last of all; an image that loses its last one by this stays.
 * Throws `unsupported` for several platforms, `no-space`.
 */
export async function exportImage(
  context: ExportContext,
  images: readonly BuiltImage[],
  names: readonly string[],
  wishes: ImageWishes,
): Promise<ExportedImage> {
  const { engine, onStep } = context
  const [built] = images
  if (!built || images.length > 1) throw severalPlatforms()
  using hold = openHold(engine.paths.data)
  const composed = await composeImages(
    { ...context, onStep: quietly(onStep) },
    images,
    { ...wishes, oci: true, attest: undefined },
    hold,
  )
  const [image] = composed.images
  if (!image) throw new Error('an image was composed of none')
  await ensureTrees(engine, image)
  hold.add(composed.documents.map(({ digest }) => digest))
  storeDocuments(engine, composed)
  onStep(`writing image ${image.id}`)()
  nameImage(engine, image, built, names, onStep)
  return {
    imageId: image.id,
    digest: image.manifest.digest,
    metadata: {
      'containerimage.config.digest': image.id,
      'containerimage.digest': image.id,
      ...(names.length > 0 ? { 'image.name': names.map(shownName).join(',') } : {}),
    },
  }
}

const severalPlatforms = (): LighterError =>
  new LighterError('unsupported', 'an image of several platforms cannot be kept in this store', {
    hint: '--push gives it to a registry, --output type=oci,dest=FILE writes it to a file; or build one platform at a time',
  })

/** Docker's own store shows only that there are layers. */
const quietly =
  (onStep: OnStep): OnStep =>
  (text) =>
    text.startsWith('exporting layers') || text.startsWith('rewriting')
      ? onStep(text)
      : () => undefined

/** What was made of other layers has no trees yet, and of what came from elsewhere only blobs may be here. */
export async function ensureTrees(engine: Engine, { layers }: ComposedImage): Promise<void> {
  for (const { blob, diffId } of layers) {
    if (hasLayerAnywhere(engine.stores, diffId, isSquashed(engine))) continue
    const { unpackGood } = await import('../../image/layer.ts')
    if (await unpackGood(engine, { blob, diffId })) continue
    throw new LighterError('no-space', `The blob of the new layer was torn: ${blob.digest}`)
  }
}

/** Writes configurations, manifests and indexes into the store, what is listed first. They are held by the caller. */
export function storeDocuments(engine: Engine, { documents }: Composed): void {
  for (const { digest, size, bytes } of documents)
    if (!hasBlob(engine.paths.data, digest, size)) writeBlob(engine.paths.data, digest, bytes)
}

function nameImage(
  engine: Engine,
  { id, manifest }: ComposedImage,
  { config }: BuiltImage,
  names: readonly string[],
  onStep: OnStep,
): void {
  const { data } = engine.paths
  const { mediaType, digest, size } = manifest
  const image = { descriptor: { mediaType, digest, size }, imageId: id, pulledAs: [] }
  if (names.length === 0) {
    const isNamed = listReferences(data).some(({ imageId }) => imageId === id)
    const createdAt = new Date().toISOString()
    if (!isNamed) writeReference(data, { reference: `@${id}`, ...image, createdAt })
    return
  }
  const { Labels } = (config.config ?? {}) as { Labels?: Record<string, string> }
  for (const name of names) {
    const done = onStep(`naming to ${shownName(name)}`)
    setReference(engine, fullReference(name), { ...image, taggedAt: new Date().toISOString() })
    const familiar = familiarReference(parseReference(name))
    recordImageEvent(data, 'tag', { id, name: familiar, labels: Labels })
    done()
  }
}

/** The classic store's exporter does not add the tag that is meant anyway. */
const shownName = (name: string): string => formatReference(parseReference(name))
