import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { LighterError } from '../../../core/errors.ts'
import { type Digest, digestHex, isDigest } from '../../../core/ids.ts'
import type { Engine } from '../../../engine.ts'
import { openBeneath, readBeneath, streamOf } from '../../../fs/beneath.ts'
import { makeDraft } from '../../../fs/drafts.ts'
import { parseJson } from '../../../fs/read.ts'
import { spaceError } from '../../../fs/replace.ts'
import { ownIdentity } from '../../../host/process.ts'
import { publishBlob } from '../../../image/compress.ts'
import { Digesting } from '../../../image/digesting.ts'
import { ensureLayer, unpackGood } from '../../../image/layer.ts'
import {
  type DescriptorDocument,
  isIndex,
  readDescriptor,
  readObject,
} from '../../../oci/descriptor.ts'
import { MAX_CONFIG, MAX_MANIFEST, MEDIA_TYPES, parseImageConfig } from '../../../oci/image.ts'
import { parseReference } from '../../../oci/reference.ts'
import { openRepository, type Repository } from '../../../registry/registry.ts'
import { removeTrees } from '../../../runtime/userns.ts'
import { digestOf } from '../../../store/blobs.ts'
import type { CacheSpec } from '../../options.ts'
import { fullReference } from '../attributes.ts'
import type { CachedResult, ImportedCache, LayerSource } from '../cache-entry.ts'
import { CACHE_CONFIG, type ReadResult, readCache, readInline } from './document.ts'
import { checkCacheSpec } from './spec.ts'

/** Images of an index that may keep a cache. */
const MAX_IMAGES = 32
const UNCOMPRESSED = 'containerd.io/uncompressed'
const REF_NAME = 'org.opencontainers.image.ref.name'

/** Where the parts of a cache are. */
interface Place {
  readManifest(selector: string): Promise<{ bytes: Buffer; mediaType: string }>
  readBlob(descriptor: DescriptorDocument): Promise<Buffer>
  ensure(blob: DescriptorDocument, diffId: Digest, signal: AbortSignal): Promise<void>
}

/**
 * Reads the list of a cache that `--cache-from` names: one that was made for it, in either form, or what an image keeps for it. Layers are
 * fetched when a step wants them. A cache without a step of ours is no error. Throws `usage`, `build`, `registry-…`, `digest-mismatch`.
 */
export async function importCache(
  engine: Engine,
  spec: CacheSpec,
  signal: AbortSignal,
): Promise<ImportedCache> {
  checkCacheSpec(spec, 'from')
  const { name, place, selector } = await openPlace(engine, spec, signal)
  const found = await readManifest(place, selector)
  return { name, lookup: (key) => found.map((lookup) => lookup(key)).find((one) => one) }
}

async function openPlace(
  engine: Engine,
  { type, attributes }: CacheSpec,
  signal: AbortSignal,
): Promise<{ name: string; place: Place; selector: string }> {
  if (type === 'local') {
    const { src = '', tag = 'latest', digest } = attributes
    const selector = digest ?? findTag(src, tag)
    return { name: `local:${src}`, place: localPlace(engine, src), selector }
  }
  const text = attributes.ref ?? ''
  const reference = parseReference(fullReference(text))
  const repository = await openRepository(reference, engine.paths)
  const selector = reference.digest ?? reference.tag ?? 'latest'
  return { name: `registry:${text}`, place: registryPlace(engine, repository, signal), selector }
}

function registryPlace(engine: Engine, repository: Repository, signal: AbortSignal): Place {
  return {
    readManifest: (selector) => repository.fetchManifest(selector),
    readBlob: async ({ digest, size }) => {
      if (size > MAX_CONFIG) throw damaged(digest)
      const { response } = await repository.openBlob(digest, 0, signal)
      return await response.bytes(MAX_CONFIG)
    },
    ensure: (blob, diffId, stop) =>
      ensureLayer(engine, repository, { blob, diffId }, stop, () => undefined),
  }
}

function localPlace(engine: Engine, directory: string): Place {
  const names = (digest: Digest) => ['blobs', 'sha256', digestHex(digest)]
  const read = async (digest: string, limit: number): Promise<Buffer> => {
    const bytes = isDigest(digest) ? readBeneath(directory, names(digest), limit) : undefined
    if (bytes) return bytes
    throw new LighterError('build', `${digest}: not found`)
  }
  return {
    readManifest: async (selector) => {
      const bytes = await read(selector, MAX_MANIFEST)
      return { bytes, mediaType: '' }
    },
    readBlob: ({ digest }) => read(digest, MAX_CONFIG),
    ensure: (blob, diffId, signal) => takeOver(engine, directory, blob, diffId, signal),
  }
}

/** The digest behind a tag of a layout. Throws BuildKit's words. */
function findTag(directory: string, tag: string): string {
  const index = parseJson(readBeneath(directory, ['index.json'], MAX_MANIFEST))
  const { manifests } = (index ?? {}) as { manifests?: unknown }
  for (const entry of Array.isArray(manifests) ? manifests : []) {
    if (entry?.annotations?.[REF_NAME] === tag && isDigest(String(entry.digest)))
      return String(entry.digest)
  }
  throw new LighterError(
    'usage',
    'local cache importer requires either explicit digest, "latest" tag or custom tag on index.json',
  )
}

/** Makes a layer of the store of a blob in a directory of the user's. */
async function takeOver(
  engine: Engine,
  directory: string,
  { mediaType, digest, size }: DescriptorDocument,
  diffId: Digest,
  signal: AbortSignal,
): Promise<void> {
  const blob = { mediaType, digest, size }
  if (await unpackKnown(engine, { blob, diffId }, signal)) return
  const fd = openBeneath(directory, ['blobs', 'sha256', digestHex(digest)])
  if (fd === undefined) throw damaged(digest)
  const draft = makeDraft(engine.paths.data, ownIdentity())
  const path = join(draft, 'layer')
  const digesting = new Digesting()
  try {
    await pipeline(streamOf(fd), digesting, createWriteStream(path, { mode: 0o600 }), {
      signal,
    }).catch((error) => {
      throw spaceError(error, path)
    })
    if (digesting.digest() !== digest) throw damaged(digest)
    publishBlob(engine.paths.data, path, blob)
  } finally {
    const namespace = { program: engine.native().program, idMap: engine.idMap() }
    await removeTrees(namespace, [draft]).catch(() => undefined)
  }
  if (!(await unpackGood(engine, { blob, diffId }, signal))) throw damaged(digest)
}

async function unpackKnown(
  engine: Engine,
  job: { blob: DescriptorDocument; diffId: Digest },
  signal: AbortSignal,
): Promise<boolean> {
  const { hasBlob } = await import('../../../store/blobs.ts')
  const { digest, size } = job.blob
  return hasBlob(engine.paths.data, digest, size) && (await unpackGood(engine, job, signal))
}

type Lookup = (key: string) => CachedResult | undefined

/** All that a manifest or an index leads to; an image's is in its configuration. */
async function readManifest(place: Place, selector: string, depth = 0): Promise<Lookup[]> {
  const { bytes, mediaType: told } = await place.readManifest(selector)
  if (isDigest(selector)) check(bytes, selector)
  const document = readObject(bytes, 'the cache')
  const mediaType = typeof document.mediaType === 'string' ? document.mediaType : told
  if (Array.isArray(document.manifests)) {
    const listed = document.manifests.map(readDescriptor)
    const config = listed.find((one) => one.mediaType === CACHE_CONFIG)
    if (config) return [await readOwn(place, config, listed)]
    if (depth > 0 || !isIndex(mediaType || MEDIA_TYPES.ociIndex)) return []
    const images = listed.filter(({ platform }) => platform?.os !== 'unknown').slice(0, MAX_IMAGES)
    const found: Lookup[] = []
    for (const { digest } of images) found.push(...(await readManifest(place, digest, depth + 1)))
    return found
  }
  if (!Array.isArray(document.layers)) return []
  const config = readDescriptor(document.config)
  const layers = document.layers.map(readDescriptor)
  if (config.mediaType === CACHE_CONFIG) return [await readOwn(place, config, layers)]
  return [await readImage(place, config, layers)]
}

/** A cache that was made for builds. */
async function readOwn(
  place: Place,
  config: DescriptorDocument,
  listed: readonly DescriptorDocument[],
): Promise<Lookup> {
  const bytes = await place.readBlob(config)
  check(bytes, config.digest)
  const { blobs, results } = readCache(readObject(bytes, 'the cache'))
  const byDigest = new Map<string, DescriptorDocument>(listed.map((one) => [one.digest, one]))
  const sources = blobs.map((blob) => {
    const descriptor = byDigest.get(blob)
    const diffId = descriptor?.annotations?.[UNCOMPRESSED] ?? ''
    return descriptor && isDigest(diffId) ? sourceOf(place, descriptor, diffId) : undefined
  })
  return (key) => resultOf(results.get(key), sources)
}

/** What an image keeps for builds. */
async function readImage(
  place: Place,
  config: DescriptorDocument,
  layers: readonly DescriptorDocument[],
): Promise<Lookup> {
  const bytes = await place.readBlob(config)
  check(bytes, config.digest)
  const { raw, diffIds } = parseImageConfig(bytes)
  const kept = raw['moby.buildkit.cache.v0']
  if (typeof kept !== 'string' || diffIds.length !== layers.length) return () => undefined
  const results = readInline(parseJson(Buffer.from(kept, 'base64')), layers.length)
  const sources = layers.map((layer, index) => {
    const diffId = diffIds[index]
    return diffId ? sourceOf(place, layer, diffId) : undefined
  })
  return (key) => resultOf(results.get(key), sources)
}

function sourceOf(place: Place, descriptor: DescriptorDocument, diffId: Digest): LayerSource {
  const { mediaType, digest, size } = descriptor
  const blob = { mediaType, digest, size }
  return { diffId, blob, ensure: (signal) => place.ensure(blob, diffId, signal) }
}

/** A result of which every layer can be had. */
function resultOf(
  result: ReadResult | undefined,
  sources: readonly (LayerSource | undefined)[],
): CachedResult | undefined {
  if (!result) return undefined
  const layers = result.layers.flatMap((place) => sources[place] ?? [])
  if (layers.length !== result.layers.length) return undefined
  return { layers, createdAt: result.createdAt }
}

function check(bytes: Buffer, digest: Digest): void {
  if (digestOf(bytes) !== digest) throw damaged(digest)
}

const damaged = (digest: Digest): LighterError =>
  new LighterError('digest-mismatch', `the cache is damaged: ${digest}`)
