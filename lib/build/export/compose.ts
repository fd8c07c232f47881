import { LighterError } from '../../core/errors.ts'
import type { Digest } from '../../core/ids.ts'
import type { BlobHold } from '../../image/hold.ts'
import type { LayerBlob } from '../../image/layer-blobs.ts'
import { compressionOf, layerType } from '../../image/layer-types.ts'
import type { Annotation } from '../../imagetools/annotations.ts'
import type { DescriptorDocument, PlatformDocument } from '../../oci/descriptor.ts'
import { type Descriptor, MEDIA_TYPES } from '../../oci/image.ts'
import { formatPlatform, type Platform } from '../../oci/platform.ts'
import { digestOf } from '../../store/blobs.ts'
import type { BuiltImage } from '../result.ts'
import { configBytes, goJson } from './config.ts'
import { ensureLayerBlobs, type OutputLayer, type WantedLayer } from './layers.ts'
import type { ExportContext, ImageWishes, OnStep } from './wishes.ts'

const CONFIG_TYPES = {
  oci: 'application/vnd.oci.image.config.v1+json',
  docker: 'application/vnd.docker.container.image.v1+json',
}
const IN_TOTO = 'application/vnd.in-toto+json'
const PREDICATE = 'https://slsa.dev/provenance/v0.2'

/** A configuration, a manifest, an index or an attestation. */
export interface ComposedDocument extends Descriptor {
  bytes: Buffer
  /** Registries keep these apart from other blobs. */
  isManifest: boolean
}

export interface ComposedImage {
  id: Digest
  platform: Platform
  manifest: DescriptorDocument
  layers: OutputLayer[]
}

/** An image, or an index of several, as an output gives it away: all its parts, whose layers are in the store. */
export interface Composed {
  root: DescriptorDocument
  images: ComposedImage[]
  /** What is listed comes before what lists it. */
  documents: ComposedDocument[]
  /** Each once, with the media types that they have in the store. */
  layers: LayerBlob[]
}

/**
 * Makes the documents of what was built, and the blobs of its layers; `hold` keeps those. An index where there are several platforms or
 * attestations. Throws `build` for annotations that have no place, `no-space`, `damaged-image`.
 */
export async function composeImages(
  context: ExportContext,
  images: readonly BuiltImage[],
  wishes: ImageWishes,
  hold: BlobHold,
): Promise<Composed> {
  const { onStep } = context
  const isIndex = images.length > 1 || wishes.attest !== undefined
  if (!isIndex) checkSingle(wishes.annotations)
  const documents: ComposedDocument[] = []
  const attestations: DescriptorDocument[] = []
  const composed: ComposedImage[] = []
  const layersDone = onStep('exporting layers')
  const layered: OutputLayer[][] = []
  for (const image of images) layered.push(await ensureLayers(context, image, wishes, hold))
  layersDone()
  for (const [index, image] of images.entries()) {
    const layers = layered[index] ?? []
    const made = composeImage(image, layers, wishes, index, onStep)
    documents.push(...made.documents)
    composed.push(made.image)
    if (!wishes.attest) continue
    const attestation = composeAttestation(
      wishes.attest(index, made.image.manifest.digest),
      made.image.manifest.digest,
    )
    documents.push(...attestation.documents)
    attestations.push(attestation.descriptor)
    onStep(`exporting attestation manifest ${attestation.descriptor.digest}`)()
  }
  const blobs = new Map(layered.flat().map(({ blob }) => [blob.digest, blob]))
  const layers = [...blobs.values()]
  const [only] = composed
  if (!isIndex && only) return { root: only.manifest, images: composed, documents, layers }
  const index = composeIndex([...composed.map(({ manifest }) => manifest), ...attestations], wishes)
  onStep(`exporting manifest list ${index.digest}`)()
  const { bytes: _bytes, isManifest: _isManifest, ...root } = index
  return { root, images: composed, documents: [...documents, index], layers }
}

/** BuildKit's words for what can only be said of an index. */
function checkSingle(annotations: readonly Annotation[]): void {
  if (!annotations.some(({ type }) => type === 'index')) return
  throw new LighterError('build', 'index annotations not supported for single platform export')
}

async function ensureLayers(
  context: ExportContext,
  image: BuiltImage,
  wishes: ImageWishes,
  hold: BlobHold,
): Promise<OutputLayer[]> {
  const base = image.base?.layers ?? 0
  let layers: WantedLayer[] = image.layers.map((diffId, index) => ({
    diffId,
    isBase: index < base,
    origin: image.origins.get(diffId),
    archive: image.archives?.get(diffId),
  }))
  if (wishes.rewriteTimestamp && wishes.epoch) {
    const { rewriteLayers } = await import('./rewrite.ts')
    layers = await rewriteLayers(context, layers, wishes.epoch, hold)
  }
  return await ensureLayerBlobs(context, layers, wishes, hold)
}

function composeImage(
  image: BuiltImage,
  layers: OutputLayer[],
  wishes: ImageWishes,
  index: number,
  onStep: OnStep,
): { image: ComposedImage; documents: ComposedDocument[] } {
  const { oci, epoch, annotations } = wishes
  const mediaType = oci ? MEDIA_TYPES.ociManifest : MEDIA_TYPES.dockerManifest
  const diffIds = layers.map(({ diffId }) => diffId)
  const inlineCache = wishes.inlineCache?.(index)
  const bytes = configBytes(image, diffIds, { epoch, inlineCache })
  const config = document(oci ? CONFIG_TYPES.oci : CONFIG_TYPES.docker, bytes, false)
  const own = forPlatform(annotations, 'manifest', image.platform)
  const manifest = document(
    mediaType,
    indented({
      schemaVersion: 2,
      mediaType,
      config: describe(config),
      layers: layers.map((layer) => describeLayer(layer, oci, epoch)),
      ...(own ? { annotations: own } : {}),
    }),
    true,
  )
  onStep(`exporting manifest ${manifest.digest}`)()
  onStep(`exporting config ${config.digest}`)()
  const said = forPlatform(annotations, 'manifest-descriptor', image.platform)
  const descriptor: DescriptorDocument = {
    ...describe(manifest),
    ...(said ? { annotations: said } : {}),
    platform: describePlatform(image.platform),
  }
  return {
    image: { id: config.digest, platform: image.platform, manifest: descriptor, layers },
    documents: [config, manifest],
  }
}

function describeLayer(
  { blob, rewritten }: OutputLayer,
  oci: boolean,
  epoch: Date | undefined,
): DescriptorDocument {
  const { mediaType, digest, size } = blob
  const isKnown = /^application\/vnd\.(oci\.image\.layer|docker\.image\.rootfs)\./.test(mediaType)
  const seconds = epoch && rewritten ? String(Math.floor(epoch.getTime() / 1000)) : undefined
  return {
    mediaType: isKnown ? layerType(compressionOf(mediaType), oci) : mediaType,
    digest,
    size,
    ...(seconds ? { annotations: { 'buildkit/rewritten-timestamp': seconds } } : {}),
  }
}

function composeAttestation(
  statement: Buffer,
  subject: Digest,
): { descriptor: DescriptorDocument; documents: ComposedDocument[] } {
  const layer = document(IN_TOTO, statement, false)
  const config = document(
    CONFIG_TYPES.oci,
    goJson({
      architecture: 'unknown',
      os: 'unknown',
      config: {},
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
    }),
    false,
  )
  const mediaType = MEDIA_TYPES.ociManifest
  const annotations = { 'in-toto.io/predicate-type': PREDICATE }
  const manifest = document(
    mediaType,
    indented({
      schemaVersion: 2,
      mediaType,
      config: describe(config),
      layers: [{ ...describe(layer), annotations }],
    }),
    true,
  )
  const descriptor: DescriptorDocument = {
    ...describe(manifest),
    annotations: {
      'vnd.docker.reference.digest': subject,
      'vnd.docker.reference.type': 'attestation-manifest',
    },
    platform: { architecture: 'unknown', os: 'unknown' },
  }
  return { descriptor, documents: [layer, config, manifest] }
}

function composeIndex(
  manifests: readonly DescriptorDocument[],
  { oci, attest, annotations }: ImageWishes,
): ComposedDocument {
  // Docker's list knows no attestations.
  const mediaType = oci || attest ? MEDIA_TYPES.ociIndex : MEDIA_TYPES.dockerList
  const own = collect(annotations.filter(({ type }) => type === 'index'))
  return document(
    mediaType,
    indented({ schemaVersion: 2, mediaType, manifests, ...(own ? { annotations: own } : {}) }),
    true,
  )
}

/** Those for manifests, or for what lists them, of one platform. Without a type an annotation is for the manifest. */
function forPlatform(
  annotations: readonly Annotation[],
  wanted: 'manifest' | 'manifest-descriptor',
  platform: Platform,
): Record<string, string> | undefined {
  return collect(
    annotations.filter(
      ({ type, platform: only }) =>
        (type === '' ? 'manifest' : type) === wanted &&
        (!only || formatPlatform(only) === formatPlatform(platform)),
    ),
  )
}

/** Annotations as a map, sorted, as Go writes maps; `undefined` when there are none. */
export function collect(annotations: readonly Annotation[]): Record<string, string> | undefined {
  if (annotations.length === 0) return undefined
  const entries = new Map(annotations.map(({ key, value }) => [key, value]))
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)))
}

const describePlatform = ({ architecture, os, variant }: Platform): PlatformDocument => ({
  architecture,
  os,
  ...(variant === '' ? {} : { variant }),
})

const describe = ({ mediaType, digest, size }: Descriptor): DescriptorDocument => ({
  mediaType,
  digest,
  size,
})

/** As BuildKit writes manifests. */
const indented = (value: unknown): Buffer => Buffer.from(JSON.stringify(value, null, 2))

function document(mediaType: string, bytes: Buffer, isManifest: boolean): ComposedDocument {
  return { mediaType, digest: digestOf(bytes), size: bytes.length, bytes, isManifest }
}
