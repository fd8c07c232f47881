import { LighterError } from '../../core/errors.ts'
import type { Digest } from '../../core/ids.ts'
import { inParallel } from '../../core/parallel.ts'
import type { Engine } from '../../engine.ts'
import { recordImageEvent } from '../../image/events.ts'
import { openHold } from '../../image/hold.ts'
import { setReference } from '../../image/name.ts'
import { mountSources, pushLayer } from '../../image/push-layers.ts'
import { hostPlatform, platformDistance } from '../../oci/platform.ts'
import {
  familiarName,
  familiarReference,
  formatReference,
  parseReference,
  type Reference,
} from '../../oci/reference.ts'
import { closeConnections } from '../../registry/transport.ts'
import { openPushTarget, type PushTarget } from '../../registry/upload.ts'
import type { BuiltImage, ExportedImage } from '../result.ts'
import { type Composed, type ComposedImage, composeImages } from './compose.ts'
import { ensureTrees, storeDocuments } from './image.ts'
import { imageMetadata } from './metadata.ts'
import { sendDocument } from './send.ts'
import type { ExportContext, ImageWishes, OnStep } from './wishes.ts'

const PARALLEL = 4

export interface PushWishes extends ImageWishes {
  /** The manifest is pushed under its digest alone. */
  byDigest: boolean
  /** The image is in the store too, under its names, as after a pull. */
  store: boolean
  insecure: boolean
}

/**
 * Gives what was built to registries, straight, under all its names: layers, configurations, attestations, manifests, and last what
 * the name stands for. Throws `registry-…`, `no-space`, `damaged-image`.
 */
export async function pushImages(
  context: ExportContext,
  images: readonly BuiltImage[],
  names: readonly string[],
  wishes: PushWishes,
): Promise<ExportedImage> {
  if (names.length === 0) {
    throw new LighterError('usage', 'tag is needed when pushing to registry')
  }
  const { engine, onStep, signal } = context
  using hold = openHold(engine.paths.data)
  const composed = await composeImages(context, images, wishes, hold)
  try {
    const done = onStep('pushing layers')
    const targets: { reference: Reference; target: PushTarget }[] = []
    for (const name of names) {
      const reference = parseReference(name)
      const target = await openPushTarget(reference, engine.paths, wishes.insecure)
      await pushParts(engine, target, reference, composed, signal)
      targets.push({ reference, target })
    }
    done()
    for (const { reference, target } of targets)
      await pushRoot(target, reference, composed, wishes, onStep)
  } finally {
    await closeConnections()
  }
  hold.add(composed.documents.map(({ digest }) => digest))
  const kept = wishes.store ? await keep(engine, composed, names, wishes, onStep) : undefined
  const [only] = composed.images
  const id = kept?.id ?? (composed.images.length === 1 ? only?.id : undefined)
  return {
    imageId: id,
    digest: composed.root.digest,
    metadata: imageMetadata(
      composed,
      id,
      names.map((name) => shownName(name, wishes)),
    ),
  }
}

/** A name as the results call it: what is pushed by its digest has no tag. */
const shownName = (name: string, { byDigest }: PushWishes): string =>
  byDigest ? formatReference({ ...parseReference(name), tag: undefined }) : name

/** All but what the name stands for. */
async function pushParts(
  engine: Engine,
  target: PushTarget,
  reference: Reference,
  { documents, layers, root }: Composed,
  signal: AbortSignal,
): Promise<void> {
  const sources = mountSources(engine.paths.data, reference)
  await inParallel(layers, PARALLEL, (blob) =>
    pushLayer(engine.stores, target, blob, sources.get(blob.digest) ?? [], () => undefined, signal),
  )
  const others = documents.filter(({ isManifest }) => !isManifest)
  await inParallel(others, PARALLEL, (document) => sendDocument(target, document))
  for (const { isManifest, digest, mediaType, bytes } of documents)
    if (isManifest && digest !== root.digest) await target.putManifest(digest, mediaType, bytes)
}

async function pushRoot(
  target: PushTarget,
  reference: Reference,
  { documents, root }: Composed,
  { byDigest }: PushWishes,
  onStep: OnStep,
): Promise<void> {
  const document = documents.find(({ digest }) => digest === root.digest)
  if (!document) throw new Error('what was composed has no root')
  const tag = byDigest ? undefined : reference.tag
  const name = formatReference({ ...reference, tag, digest: root.digest })
  const done = onStep(`pushing manifest for ${name}`)
  await target.putManifest(tag ?? root.digest, document.mediaType, document.bytes)
  done()
}

/**
 * As after a pull: of several platforms the one that fits this machine is here, under the names, and under those with the digest that
 * the registry has.
 */
async function keep(
  engine: Engine,
  composed: Composed,
  names: readonly string[],
  wishes: PushWishes,
  onStep: OnStep,
): Promise<ComposedImage | undefined> {
  const { data } = engine.paths
  const image = composed.images
    .map((one) => ({ one, distance: platformDistance(hostPlatform(), one.platform) }))
    .filter(({ distance }) => distance !== undefined || composed.images.length === 1)
    .sort((a, b) => (a.distance ?? 0) - (b.distance ?? 0))[0]?.one
  if (!image) return undefined
  await ensureTrees(engine, image)
  storeDocuments(engine, composed)
  const { mediaType, digest, size } = image.manifest
  const naming = { descriptor: { mediaType, digest, size }, imageId: image.id, pulledAs: [] }
  for (const name of names) {
    const reference = parseReference(name)
    const pushed = { ...reference, tag: undefined, digest: composed.root.digest as Digest }
    setReference(engine, formatReference(pushed), naming)
    const familiar = familiarReference(wishes.byDigest ? pushed : reference)
    if (!wishes.byDigest) {
      const done = onStep(`naming to ${name}`)
      setReference(engine, name, { ...naming, taggedAt: new Date().toISOString() })
      recordImageEvent(data, 'tag', { id: image.id, name: familiar })
      done()
    }
    recordImageEvent(data, 'push', { id: familiar, name: familiarName(reference) })
  }
  return image
}
