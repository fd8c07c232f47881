import { join } from 'node:path'
import { LighterError } from '../../../core/errors.ts'
import { type Digest, digestHex } from '../../../core/ids.ts'
import { inParallel } from '../../../core/parallel.ts'
import { streamOf } from '../../../fs/beneath.ts'
import { parseJson, readSmallFile } from '../../../fs/read.ts'
import { replaceFile } from '../../../fs/replace.ts'
import { openHold } from '../../../image/hold.ts'
import { compressionOf, layerType } from '../../../image/layer-types.ts'
import { mountSources, pushLayer } from '../../../image/push-layers.ts'
import type { DescriptorDocument } from '../../../oci/descriptor.ts'
import { type Descriptor, MEDIA_TYPES } from '../../../oci/image.ts'
import { parseReference } from '../../../oci/reference.ts'
import { closeConnections } from '../../../registry/transport.ts'
import { openPushTarget } from '../../../registry/upload.ts'
import { digestOf } from '../../../store/blobs.ts'
import { openBlob } from '../../../store/shared.ts'
import type { CacheSpec } from '../../options.ts'
import type { BuiltImage } from '../../result.ts'
import { fullReference, OutputAttributes } from '../attributes.ts'
import type { CacheEntry } from '../cache-entry.ts'
import { formatTime } from '../config.ts'
import { makeDestination } from '../destination.ts'
import { ensureLayerBlobs, type OutputLayer } from '../layers.ts'
import { writeLayoutBlob } from '../layout.ts'
import { sendDocument } from '../send.ts'
import type { ExportContext } from '../wishes.ts'
import { CACHE_CONFIG, writeCache } from './document.ts'
import { cacheTruth, checkCacheSpec } from './spec.ts'

const PARALLEL = 4
const MAX_INDEX = 4 * 1024 * 1024
const REF_NAME = 'org.opencontainers.image.ref.name'

export interface CacheRequest {
  entries: readonly CacheEntry[]
  /** What was built: of mode `min` only its own layers are kept. */
  images: readonly BuiltImage[]
  /** Where layers that are not here come from. */
  origins: BuiltImage['origins']
}

/**
 * Gives steps and their results to a registry or a directory, for later builds anywhere (`--cache-to`). With `ignore-error=true` what
 * goes wrong is told by a step alone. Throws `usage`, `build`, `registry-…`, `no-space`.
 */
export async function exportCache(
  context: ExportContext,
  spec: CacheSpec,
  request: CacheRequest,
): Promise<void> {
  checkCacheSpec(spec, 'to')
  try {
    await write(context, spec, request)
  } catch (error) {
    if (context.signal.aborted || !(error instanceof LighterError)) throw error
    if (!cacheTruth(spec, 'ignore-error', false)) throw error
    context.onStep(`ignored: ${error.message}`)()
  }
}

async function write(
  context: ExportContext,
  spec: CacheSpec,
  { entries, images, origins }: CacheRequest,
): Promise<void> {
  const { onStep } = context
  using hold = openHold(context.engine.paths.data)
  const prepared = onStep('preparing build cache for export')
  const kept = spec.attributes.mode === 'max' ? entries : ofImages(entries, images)
  const { compression, level, force } = layerWishes(spec)
  const layers = await ensureLayerBlobs(
    context,
    wantedLayers(kept, origins),
    { compression, level, force },
    hold,
  )
  const blobs = new Map(layers.map((layer) => [layer.diffId, layer.blob]))
  const written = writeCache(kept, (diffId) => blobs.get(diffId)?.digest)
  prepared()
  if (written.document.layers.length === 0) return
  const config = Buffer.from(JSON.stringify(written.document))
  const cache = { layers, config, created: createdTimes(kept) }
  if (spec.type === 'local') await writeLocal(context, spec, cache)
  else await writeRegistry(context, spec, cache)
}

/** As for images, whose attributes have the same names. */
const layerWishes = ({ attributes }: CacheSpec) => {
  const names = ['compression', 'compression-level', 'force-compression']
  const own = Object.entries(attributes).filter(([key]) => names.includes(key))
  const spec = { type: 'oci' as const, destination: undefined }
  return new OutputAttributes({ ...spec, attributes: Object.fromEntries(own) }).layers('gzip')
}

/** Other results are left out: their steps lead to those that are kept. */
function ofImages(entries: readonly CacheEntry[], images: readonly BuiltImage[]): CacheEntry[] {
  const isKept = ({ layers: chain }: CacheEntry): boolean =>
    images.some(
      ({ layers }) =>
        chain.every((diffId, index) => diffId === layers[index]) ||
        // What is independent of its base is somewhere above it.
        (chain.length === 1 && chain[0] !== undefined && layers.includes(chain[0])),
    )
  return entries.map((entry) => (isKept(entry) ? entry : { ...entry, layers: [] }))
}

function wantedLayers(entries: readonly CacheEntry[], origins: BuiltImage['origins']) {
  const diffIds = new Set(entries.flatMap(({ layers }) => layers))
  return [...diffIds].map((diffId) => ({
    diffId,
    origin: origins.get(diffId),
    isBase: origins.has(diffId),
  }))
}

function createdTimes(entries: readonly CacheEntry[]): Map<Digest, Date> {
  const times = new Map<Digest, Date>()
  for (const { layers, createdAt } of entries) {
    const top = layers.at(-1)
    const known = top && times.get(top)
    if (top && (!known || createdAt < known)) times.set(top, createdAt)
  }
  return times
}

interface Cache {
  layers: readonly OutputLayer[]
  config: Buffer
  created: ReadonlyMap<Digest, Date>
}

/** An index of layers, or with `image-manifest=true` a manifest that registries know better. */
function manifestOf(
  spec: CacheSpec,
  { layers, config, created }: Cache,
): { mediaType: string; bytes: Buffer; config: Descriptor } {
  const oci = cacheTruth(spec, 'oci-mediatypes', true)
  const described = layers.map(({ diffId, blob }): DescriptorDocument => {
    const time = created.get(diffId)
    return {
      mediaType: layerType(compressionOf(blob.mediaType), oci),
      digest: blob.digest,
      size: blob.size,
      annotations: {
        ...(time ? { 'buildkit/createdat': formatTime(time) } : {}),
        'containerd.io/uncompressed': diffId,
      },
    }
  })
  const descriptor = { mediaType: CACHE_CONFIG, digest: digestOf(config), size: config.length }
  if (cacheTruth(spec, 'image-manifest', false)) {
    if (!oci)
      throw new LighterError(
        'build',
        'failed to parse image-manifest: an image manifest has the media types of the OCI',
      )
    const mediaType = MEDIA_TYPES.ociManifest
    const document = { schemaVersion: 2, mediaType, config: descriptor, layers: described }
    return { mediaType, bytes: Buffer.from(JSON.stringify(document)), config: descriptor }
  }
  const mediaType = oci ? MEDIA_TYPES.ociIndex : MEDIA_TYPES.dockerList
  const document = { schemaVersion: 2, mediaType, manifests: [...described, descriptor] }
  return { mediaType, bytes: Buffer.from(JSON.stringify(document)), config: descriptor }
}

async function writeRegistry(
  { engine, onStep, signal }: ExportContext,
  spec: CacheSpec,
  cache: Cache,
): Promise<void> {
  const reference = parseReference(fullReference(spec.attributes.ref ?? ''))
  const manifest = manifestOf(spec, cache)
  try {
    const insecure = cacheTruth(spec, 'registry.insecure', false)
    const target = await openPushTarget(reference, engine.paths, insecure)
    const sources = mountSources(engine.paths.data, reference)
    await inParallel(cache.layers, PARALLEL, async ({ blob }) => {
      const done = onStep(`writing layer ${blob.digest}`)
      const from = sources.get(blob.digest) ?? []
      await pushLayer(engine.stores, target, blob, from, () => undefined, signal)
      done()
    })
    const configDone = onStep(`writing config ${manifest.config.digest}`)
    await sendDocument(target, { ...manifest.config, bytes: cache.config })
    configDone()
    const done = onStep(manifestStep(manifest))
    const tag = reference.digest ?? reference.tag ?? 'latest'
    await target.putManifest(tag, manifest.mediaType, manifest.bytes)
    done()
  } finally {
    await closeConnections()
  }
}

const manifestStep = ({ mediaType, bytes }: { mediaType: string; bytes: Buffer }): string =>
  `writing cache ${mediaType === MEDIA_TYPES.ociManifest ? 'image ' : ''}manifest ${digestOf(bytes)}`

/** Into an OCI layout, whose other entries stay. */
async function writeLocal(
  { engine, onStep }: ExportContext,
  spec: CacheSpec,
  cache: Cache,
): Promise<void> {
  const { dest = '', tag = 'latest' } = spec.attributes
  const manifest = manifestOf(spec, cache)
  makeDestination(join(dest, 'blobs', 'sha256'))
  for (const { blob } of cache.layers) {
    const done = onStep(`writing layer ${blob.digest}`)
    await writeLayoutBlob(dest, blob, () =>
      streamOf(openBlob(engine.stores, blob.digest, blob.size)),
    )
    done()
  }
  const put = (digest: Digest, bytes: Buffer) =>
    replaceFile(join(dest, 'blobs', 'sha256', digestHex(digest)), bytes, true, 0o644)
  put(manifest.config.digest, cache.config)
  onStep(`writing config ${manifest.config.digest}`)()
  const digest = digestOf(manifest.bytes)
  put(digest, manifest.bytes)
  replaceFile(join(dest, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}', true, 0o644)
  const entry = {
    mediaType: manifest.mediaType,
    digest,
    size: manifest.bytes.length,
    annotations: { [REF_NAME]: tag },
  }
  const path = join(dest, 'index.json')
  const old = parseJson(readSmallFile(path, MAX_INDEX)) as { manifests?: unknown } | undefined
  const others = (Array.isArray(old?.manifests) ? old.manifests : []).filter(
    (one) => one?.annotations?.[REF_NAME] !== tag,
  )
  const text = JSON.stringify({ schemaVersion: 2, manifests: [...others, entry] })
  replaceFile(path, text, true, 0o644)
  onStep(manifestStep(manifest))()
}
