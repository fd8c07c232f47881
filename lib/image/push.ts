import { LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { isElsewhere } from '../oci/descriptor.ts'
import { type Descriptor, parseManifest } from '../oci/image.ts'
import type { Platform } from '../oci/platform.ts'
import {
  familiarName,
  familiarReference,
  formatReference,
  fullName,
  parseReference,
  type Reference,
  withDefaultTag,
} from '../oci/reference.ts'
import { closeConnections } from '../registry/transport.ts'
import { openPushTarget, type PushTarget } from '../registry/upload.ts'
import type { ReferenceRecord } from '../store/references.ts'
import {
  hasBlobAnywhere,
  type ImageStores,
  listAllReferences,
  peekBlobAnywhere,
} from '../store/shared.ts'
import { copyDocuments } from './adopt.ts'
import { ensureCompressed } from './compressed.ts'
import { recordImageEvent } from './events.ts'
import { type Image, readImage } from './find.ts'
import { openHold } from './hold.ts'
import { setReference } from './name.ts'
import { originsOfImage } from './origin.ts'
import { checkImagePlatform, wantedPlatform } from './platform.ts'
import { announceLayers, type OnPushed, pushConfig, pushLayers } from './push-layers.ts'

/**
 * Gives an image, or with `allTags` all of a repository, to its registry. Throws `usage` for a name that cannot be pushed or is
 * not here, `registry-…` for what the registry says.
 */
export async function pushImage(
  engine: Engine,
  wanted: Reference,
  {
    allTags = false,
    platform,
    onProgress = () => undefined,
  }: { allTags?: boolean; platform?: string | undefined; onProgress?: OnPushed } = {},
): Promise<void> {
  if (wanted.digest) throw new LighterError('usage', 'cannot push a digest reference')
  if (allTags && wanted.tag) throw new LighterError('usage', "tag can't be used with --all-tags/-a")
  const onlyFor = wantedPlatform(platform)
  onProgress({ type: 'start', repository: fullName(wanted) })
  const tagged = findTagged(engine.stores, wanted)
  try {
    const target = await openPushTarget(wanted, engine.paths)
    const records = allTags ? tagged : [choose(tagged, withDefaultTag(wanted))]
    for (const record of records) checkRecord(engine, record, onlyFor)
    for (const record of records) await pushRecord(engine, target, record, onProgress)
  } finally {
    await closeConnections()
  }
}

/** Every tag of a repository that is here. */
function findTagged(stores: ImageStores, wanted: Reference): ReferenceRecord[] {
  const prefix = `${fullName(wanted)}:`
  const tagged = listAllReferences(stores).filter(
    ({ reference }) => reference.startsWith(prefix) && !reference.includes('@'),
  )
  if (tagged.length > 0) return tagged
  const message = `An image does not exist locally with the tag: ${familiarName(wanted)}`
  throw new LighterError('usage', message)
}

function choose(tagged: readonly ReferenceRecord[], wanted: Reference): ReferenceRecord {
  const found = tagged.find(({ reference }) => reference === formatReference(wanted))
  if (found) return found
  throw new LighterError('usage', `tag does not exist: ${familiarReference(wanted)}`)
}

function checkRecord(engine: Engine, record: ReferenceRecord, wanted: Platform | undefined): void {
  const image = wanted && readImage(engine, record)
  if (image) {
    checkImagePlatform(familiarReference(parseReference(record.reference)), image, wanted)
  }
}

async function pushRecord(
  engine: Engine,
  target: PushTarget,
  record: ReferenceRecord,
  report: OnPushed,
): Promise<void> {
  const { data } = engine.paths
  const reference = parseReference(record.reference)
  const found = readImage(engine, record)
  if (!found) throw damaged(reference)
  // Held first and looked at then: a removal beside us may have been faster.
  using hold = openHold(data)
  hold.add(blobsOf(found), found.config.diffIds)
  readWhole(engine.stores, found, reference)
  announceLayers(found, report)
  const image = await ensureCompressed(engine, found, hold)
  const { manifest, config } = readWhole(engine.stores, image, reference)
  await pushLayers(engine.stores, target, reference, image, report)
  await pushConfig(engine.stores, target, config)
  const tag = reference.tag ?? 'latest'
  const { digest, mediaType, size } = image.manifest
  await target.putManifest(tag, mediaType, manifest)
  report({ type: 'done', tag, digest, size })
  // As after a pull: the registry has it under this digest.
  const name = formatReference({ ...reference, tag: undefined, digest })
  // Held already; what goes there comes from where it was before.
  copyDocuments(engine, image)
  const pulledAs = originsOfImage(engine.stores, image.id)
  setReference(engine, name, { descriptor: image.manifest, imageId: image.id, pulledAs })
  recordImageEvent(data, 'push', {
    id: familiarReference(reference),
    name: familiarName(reference),
    labels: image.config.defaults.labels,
  })
}

/** The bytes of an image's manifest, and its configuration, when all its blobs are here. Throws `damaged-image`. */
function readWhole(
  stores: ImageStores,
  image: Image,
  reference: Reference,
): { manifest: Buffer; config: Descriptor } {
  const { digest, size, mediaType } = image.manifest
  const manifest = peekBlobAnywhere(stores, digest, size)
  const parsed = manifest && parseManifest(manifest, mediaType)
  const isHere = (layer: Descriptor): boolean =>
    isElsewhere(layer) || hasBlobAnywhere(stores, layer.digest, layer.size)
  if (manifest && parsed?.kind === 'image' && image.layers.every(isHere)) {
    return { manifest, config: parsed.config }
  }
  throw damaged(reference)
}

const damaged = (reference: Reference): LighterError =>
  new LighterError(
    'damaged-image',
    `image ${familiarReference(reference)} is damaged: pull it again`,
  )

const blobsOf = (image: Image): Digest[] => [
  image.id,
  image.manifest.digest,
  ...image.layers.map(({ digest }) => digest),
]
