import { join } from 'node:path'
import { LighterError } from '../core/errors.ts'
import { type Digest, shortId } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { makeDraft } from '../fs/drafts.ts'
import { replaceFile } from '../fs/replace.ts'
import { ownIdentity } from '../host/process.ts'
import {
  type Descriptor,
  type ImageConfig,
  MAX_CONFIG,
  MAX_MANIFEST,
  type Manifest,
  parseImageConfig,
  parseManifest,
} from '../oci/image.ts'
import {
  formatPlatform,
  hostPlatform,
  type Platform,
  parsePlatform,
  platformDistance,
} from '../oci/platform.ts'
import {
  familiarName,
  familiarReference,
  formatReference,
  type Reference,
  withDefaultTag,
} from '../oci/reference.ts'
import { openRepository, type Repository } from '../registry/registry.ts'
import { closeConnections } from '../registry/transport.ts'
import { removeTrees, syncLayers } from '../runtime/userns.ts'
import { digestOf, ensureLayout, hasBlob, readBlob, writeBlob } from '../store/blobs.ts'
import { hasLayer } from '../store/layers.ts'
import { listReferences, readReference } from '../store/references.ts'
import { recordImageEvent } from './events.ts'
import { checkSystem } from './foreign.ts'
import { ensureLayer, type LayerJob } from './layer.ts'
import { isSquashed } from './layer-kind.ts'
import { collectLeftovers } from './leftovers.ts'
import { setReference } from './name.ts'
import type { OnProgress } from './progress.ts'

const PARALLEL = 3
/** A removal beside us may take what nothing named yet: then it is fetched again. */
const ROUNDS = 3

export interface PullOptions {
  platform?: string | undefined
  signal?: AbortSignal
  onProgress?: OnProgress
}

interface Resolved {
  /** Digest of what the registry has under the name: of the index, where there is one. */
  digest: Digest
  manifest: Extract<Manifest, { kind: 'image' }>
  descriptor: Descriptor
  bytes: Buffer
}

/** Fetches an image and gives it its name, last of all. Returns the name as users know it. */
export async function pullImage(
  engine: Engine,
  wanted: Reference,
  options: PullOptions = {},
): Promise<string> {
  const reference = withDefaultTag(wanted)
  const platform = options.platform ? parsePlatform(options.platform) : hostPlatform()
  const report = options.onProgress ?? (() => undefined)
  const stop = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal
  const namespace = { program: engine.native().program, idMap: engine.idMap() }
  /** Directories of layers that are not synced yet: one process does that at the end, out of the pull's way. */
  const published: string[] = []
  ensureLayout(engine.paths.data)
  try {
    const repository = await openRepository(reference, engine.paths)
    const image = await resolve(repository, reference, platform, report)
    const config = await fetchConfig(engine, repository, image, signal)
    checkPlatform(config, platform, options.platform !== undefined, reference)
    await using _pin = pin(engine, image, config)
    let fresh = false
    for (let round = 0; round < ROUNDS; round += 1) {
      const tell = round === 0 ? report : () => undefined
      const changed = await fetchParts(engine, repository, image, config, {
        stop,
        signal,
        report: tell,
        onPublished: (directory) => published.push(directory),
      })
      if (round > 0 && !changed) break
      fresh = nameImage(engine, reference, image, published.length === 0) || fresh
    }
    report({ type: 'digest', digest: image.digest })
    report({ type: 'status', reference: pulledName(reference), fresh })
    const { labels } = config.defaults
    const name = familiarName(reference)
    recordImageEvent(engine.paths.data, 'pull', { id: pulledName(reference), name, labels })
    await collectLeftovers(engine)
    return formatReference(reference)
  } finally {
    stop.abort()
    syncLayers(namespace, published)
    await closeConnections()
  }
}

/** Beside a digest the tag says nothing. */
const pulledName = (reference: Reference): string =>
  familiarReference(reference.digest ? { ...reference, tag: undefined } : reference)

async function resolve(
  repository: Repository,
  reference: Reference,
  platform: Platform,
  report: OnProgress,
): Promise<Resolved> {
  const selector = reference.digest ?? reference.tag ?? 'latest'
  const { bytes, mediaType } = await fetchVerified(repository, selector, reference.digest)
  const digest = digestOf(bytes)
  const tag = reference.digest ? pulledName(reference) : selector
  report({ type: 'start', tag, repository: reference.repository })
  const manifest = parseManifest(bytes, mediaType)
  if (manifest.kind === 'image') return toResolved(digest, bytes, manifest)
  const choice = manifest.manifests
    .flatMap((offer) => {
      const distance = offer.platform && platformDistance(platform, offer.platform)
      return distance === undefined ? [] : [{ offer, distance }]
    })
    .sort((a, b) => a.distance - b.distance)[0]
  if (!choice) {
    throw new LighterError(
      'platform-mismatch',
      `no matching manifest for ${formatPlatform(platform)} in the manifest list entries`,
    )
  }
  const chosen = await fetchVerified(repository, choice.offer.digest, choice.offer.digest)
  const inner = parseManifest(chosen.bytes, choice.offer.mediaType || chosen.mediaType)
  if (inner.kind === 'image') return toResolved(digest, chosen.bytes, inner)
  throw new LighterError('registry-protocol', 'The image index points to another index')
}

const toResolved = (digest: Digest, bytes: Buffer, manifest: Resolved['manifest']): Resolved => ({
  digest,
  manifest,
  bytes,
  descriptor: { mediaType: manifest.mediaType, digest: digestOf(bytes), size: bytes.length },
})

async function fetchVerified(
  repository: Repository,
  selector: string,
  expected: Digest | undefined,
) {
  const answer = await repository.fetchManifest(selector)
  if (expected && digestOf(answer.bytes) !== expected) {
    throw new LighterError('digest-mismatch', `manifest verification failed for digest ${expected}`)
  }
  return answer
}

async function fetchConfig(
  engine: Engine,
  repository: Repository,
  { manifest, descriptor, bytes }: Resolved,
  signal: AbortSignal,
): Promise<ImageConfig> {
  const { data } = engine.paths
  const { digest, size } = manifest.config
  if (size > MAX_CONFIG) {
    throw new LighterError('registry-protocol', "The image's configuration is too large")
  }
  let config = readBlob(data, digest, MAX_CONFIG)
  if (!config) {
    const { response } = await repository.openBlob(digest, 0, signal)
    config = await response.bytes(MAX_CONFIG)
    writeBlob(data, digest, config, false)
  }
  if (!readBlob(data, descriptor.digest, MAX_MANIFEST))
    writeBlob(data, descriptor.digest, bytes, false)
  const parsed = parseImageConfig(config)
  if (parsed.diffIds.length !== manifest.layers.length) {
    throw new LighterError('registry-protocol', "The image's manifest and configuration disagree")
  }
  return parsed
}

/** A lone manifest has no other platform to offer: an explicit wish fails, else whoever makes a container is warned. */
function checkPlatform(
  config: ImageConfig,
  wanted: Platform,
  explicit: boolean,
  reference: Reference,
): void {
  if (wanted.os !== 'linux') {
    throw new LighterError('platform-mismatch', 'operating system is not supported')
  }
  checkSystem(config)
  if (!explicit || platformDistance(wanted, config.platform) !== undefined) return
  const [has, wants] = [formatPlatform(config.platform), formatPlatform(wanted)]
  throw new LighterError(
    'platform-mismatch',
    `image with reference ${familiarReference(reference)} was found but does not match the specified platform: wanted ${wants}, actual: ${has}`,
  )
}

/** Tells removals beside us what we are about to name. */
function pin(engine: Engine, image: Resolved, config: ImageConfig): AsyncDisposable {
  const draft = makeDraft(engine.paths.data, ownIdentity())
  const { manifest, descriptor } = image
  const blobs = [descriptor, manifest.config, ...manifest.layers].map(({ digest }) => digest)
  const pins = { version: 1, blobs, layers: config.diffIds }
  replaceFile(join(draft, 'pins.json'), JSON.stringify(pins))
  const namespace = { program: engine.native().program, idMap: engine.idMap() }
  return { [Symbol.asyncDispose]: () => removeTrees(namespace, [draft]).catch(() => undefined) }
}

/** Makes every blob and layer be there, a few at a time; `true` when something was missing. */
async function fetchParts(
  engine: Engine,
  repository: Repository,
  image: Resolved,
  config: ImageConfig,
  {
    stop,
    signal,
    report,
    onPublished,
  }: {
    stop: AbortController
    signal: AbortSignal
    report: OnProgress
    onPublished(directory: string): void
  },
): Promise<boolean> {
  const { data } = engine.paths
  const squashed = isSquashed(engine)
  const missing: LayerJob[] = []
  const present: Descriptor[] = []
  const seen = new Set<Digest>()
  for (const [index, blob] of image.manifest.layers.entries()) {
    const diffId = config.diffIds[index]
    if (!diffId || seen.has(diffId)) continue
    seen.add(diffId)
    const there = hasLayer(data, diffId, squashed) && hasBlob(data, blob.digest, blob.size)
    if (there) present.push(blob)
    else missing.push({ blob, diffId, onPublished })
  }
  tellLayers(engine, image, present, missing, report)
  const queue = [...missing]
  const worker = async (): Promise<void> => {
    for (let job = queue.shift(); job; job = queue.shift()) {
      await ensureLayer(engine, repository, job, signal, report)
    }
  }
  const results = await Promise.allSettled(
    Array.from({ length: PARALLEL }, () =>
      worker().catch((error) => {
        stop.abort()
        throw { error }
      }),
    ),
  )
  const failures = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason.error] : [],
  )
  if (failures.length > 0) {
    throw failures.find((error) => error instanceof LighterError) ?? failures[0]
  }
  return missing.length > 0
}

/** An image that is all there is not worth a word. */
function tellLayers(
  engine: Engine,
  { manifest }: Resolved,
  present: Descriptor[],
  missing: LayerJob[],
  report: OnProgress,
): void {
  const isKnown = ({ imageId }: { imageId: Digest }) => imageId === manifest.config.digest
  if (missing.length === 0 && listReferences(engine.paths.data).some(isKnown)) return
  for (const { digest } of manifest.layers) {
    const status = present.some((blob) => blob.digest === digest)
      ? 'Already exists'
      : 'Pulling fs layer'
    report({ type: 'layer', id: shortId(digest), status })
  }
  for (const { blob } of missing.slice(PARALLEL)) {
    report({ type: 'layer', id: shortId(blob.digest), status: 'Waiting' })
  }
}

/**
 * Docker keeps the digest that was pulled as a name of its own beside the tag. Names that a sync follows need none of
 * their own.
 */
function nameImage(
  engine: Engine,
  reference: Reference,
  image: Resolved,
  durable: boolean,
): boolean {
  const { data } = engine.paths
  const imageId = image.manifest.config.digest
  const { descriptor } = image
  const names = [formatReference({ ...reference, tag: undefined, digest: image.digest })]
  if (reference.tag && !reference.digest) names.push(formatReference(reference))
  const main = names.at(-1) ?? ''
  const fresh = readReference(data, main)?.imageId !== imageId
  for (const name of names) setReference(engine, name, { descriptor, imageId }, durable)
  return fresh
}
