import type { Readable } from 'node:stream'
import type { Digest } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { makeDraft } from '../fs/drafts.ts'
import { ownIdentity } from '../host/process.ts'
import { type Descriptor, MEDIA_TYPES } from '../oci/image.ts'
import { familiarReference, parseReference } from '../oci/reference.ts'
import { removeTrees } from '../runtime/userns.ts'
import { digestOf, writeBlob } from '../store/blobs.ts'
import { listReferences, writeReference } from '../store/references.ts'
import { recordImageEvent } from './events.ts'
import type { Image } from './find.ts'
import { setReference } from './name.ts'
import { GZIP_LAYER, type NewLayer, storeLayer } from './new-layer.ts'

type Document = Readonly<Record<string, unknown>>

/** Two zero blocks: an archive without an entry. */
const EMPTY_LAYER = 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef'

export interface NewImage {
  /** What the new layer lies on. */
  parent: Image | undefined
  /** The uncompressed archive of the layer. */
  archive: Readable
  /** `config` of the configuration, and members beside it: architecture, os, author. */
  config: Document
  members: Document
  history: { createdBy: string; comment: string; author: string }
  /** In its full form; `undefined`: the image gets no name. */
  reference: string | undefined
}

/** Makes an image of one more layer and gives it its name, last of all. Returns its id. */
export async function makeImage(engine: Engine, image: NewImage): Promise<Digest> {
  const draft = makeDraft(engine.paths.data, ownIdentity())
  const namespace = { program: engine.native().program, idMap: engine.idMap() }
  try {
    const layer = await storeLayer(engine, draft, image.archive, parentBlobs(image.parent))
    return writeImage(engine, image, layer)
  } finally {
    await removeTrees(namespace, [draft]).catch(() => undefined)
  }
}

const parentBlobs = (parent: Image | undefined): Digest[] =>
  parent ? [parent.id, parent.manifest.digest, ...parent.layers.map(({ digest }) => digest)] : []

function writeImage(engine: Engine, image: NewImage, layer: NewLayer): Digest {
  const { data } = engine.paths
  const put = (mediaType: string, value: unknown): Descriptor => {
    const bytes = Buffer.from(JSON.stringify(value))
    const digest = digestOf(bytes)
    writeBlob(data, digest, bytes)
    return { mediaType, digest, size: bytes.length }
  }
  // Docker adds no layer where a container changed nothing.
  const added = image.parent && layer.diffId === EMPTY_LAYER ? undefined : layer
  const config = put('application/vnd.oci.image.config.v1+json', configuration(image, added))
  const mediaType = MEDIA_TYPES.ociManifest
  const layers = [...(image.parent?.layers ?? []).map(asOci), ...(added ? [added.blob] : [])]
  const descriptor = put(mediaType, { schemaVersion: 2, mediaType, config, layers })
  nameImage(engine, image, { descriptor, imageId: config.digest })
  return config.digest
}

function configuration(image: NewImage, layer: NewLayer | undefined): Document {
  const created = new Date().toISOString()
  const { createdBy, comment, author } = image.history
  const parent = image.parent?.config
  const entry = {
    created,
    ...(createdBy === '' ? {} : { created_by: createdBy }),
    ...(author === '' ? {} : { author }),
    ...(comment === '' ? {} : { comment }),
    ...(layer ? {} : { empty_layer: true }),
  }
  const diffIds = [...(parent?.diffIds ?? []), ...(layer ? [layer.diffId] : [])]
  return {
    ...image.members,
    created,
    ...(author === '' ? {} : { author }),
    ...(comment === '' ? {} : { comment }),
    config: image.config,
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: [...(Array.isArray(parent?.raw.history) ? parent.raw.history : []), entry],
  }
}

const OCI_TYPES: Readonly<Record<string, string>> = {
  'application/vnd.docker.image.rootfs.diff.tar.gzip': GZIP_LAYER,
  'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip':
    'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
}

/** A manifest of the OCI's has no layers of Docker's types; the bytes are the same. */
function asOci(layer: Descriptor): Descriptor {
  return { ...layer, mediaType: OCI_TYPES[layer.mediaType] ?? layer.mediaType }
}

function nameImage(
  engine: Engine,
  { reference, config }: NewImage,
  image: { descriptor: Descriptor; imageId: Digest },
): void {
  const { data } = engine.paths
  if (reference === undefined) {
    const isNamed = listReferences(data).some(({ imageId }) => imageId === image.imageId)
    const createdAt = new Date().toISOString()
    if (!isNamed)
      writeReference(data, { reference: `@${image.imageId}`, ...image, pulledAs: [], createdAt })
    return
  }
  setReference(engine, reference, { ...image, pulledAs: [], taggedAt: new Date().toISOString() })
  const labels = config.Labels as Record<string, string> | null
  const name = familiarReference(parseReference(reference))
  recordImageEvent(data, 'tag', { id: image.imageId, name, labels: labels ?? undefined })
}
