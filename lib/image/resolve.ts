import { type ErrorCode, LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import { printable } from '../core/printable.ts'
import type { Engine } from '../engine.ts'
import { isSchemaOne } from '../oci/descriptor.ts'
import {
  type Descriptor,
  type ImageConfig,
  MAX_CONFIG,
  MAX_MANIFEST,
  type Manifest,
  type PlatformDescriptor,
  parseImageConfig,
  parseManifest,
  schemaOne,
} from '../oci/image.ts'
import { formatPlatform, type Platform, platformDistance } from '../oci/platform.ts'
import { familiarReference, formatReference, type Reference } from '../oci/reference.ts'
import type { Repository } from '../registry/registry.ts'
import { digestOf, readBlob, writeBlob } from '../store/blobs.ts'
import { readReference } from '../store/references.ts'
import { findSharedReference, type ImageStores, readShared } from '../store/shared.ts'
import { withClaim } from './claim.ts'
import { checkSystem } from './foreign.ts'
import type { OnProgress } from './progress.ts'

/** What a name of a registry leads to, on one platform. */
export interface Resolved {
  /** Digest of what the registry has under the name: of the index, where there is one. */
  digest: Digest
  manifest: Extract<Manifest, { kind: 'image' }>
  descriptor: Descriptor
  bytes: Buffer
  /** What the digest is of, where that is an index. */
  index?: Buffer
}

/** An image, what its containers are like, and the documents that say both; the index that it was chosen from is one. */
export interface Found {
  image: Resolved
  config: ImageConfig
  documents: Buffer[]
}

export interface ResolveOptions {
  platform: Platform
  signal: AbortSignal
  report: OnProgress
}

/** An index may lead to another one; nobody needs more of them. */
const MAX_DEPTH = 4
/** What registries of old called configurations. */
const ODD_CONFIGS = ['', 'application/octet-stream', 'application/json', 'text/html']

/** Beside a digest the tag says nothing. */
export const pulledName = (reference: Reference): string =>
  familiarReference(reference.digest ? { ...reference, tag: undefined } : reference)

/**
 * Finds the manifest and the configuration of an image, both in the store then. What is here already is not fetched: the registry
 * is only asked for the digest that the name has now. Throws `registry-…`, `digest-mismatch`, `platform-mismatch`.
 */
export async function resolveImage(
  engine: Engine,
  repository: Repository,
  reference: Reference,
  options: ResolveOptions,
): Promise<Found> {
  const known = await resolveKnown(engine.stores, repository, reference, options)
  if (known) return known
  const image = await resolve(repository, reference, options)
  const document = await fetchConfig(engine, repository, image.manifest, options.signal)
  const config = parseImageConfig(document)
  checkParts(image.manifest, config)
  const documents = [...(image.index ? [image.index] : []), image.bytes, document]
  for (const bytes of documents) keepDocument(engine.paths.data, bytes)
  return { image, config, documents }
}

/** Makes a manifest or a configuration be in the store. */
export function keepDocument(data: string, bytes: Buffer): void {
  const digest = digestOf(bytes)
  if (!readBlob(data, digest, bytes.length)) writeBlob(data, digest, bytes, false)
}

const selectorOf = ({ digest, tag }: Reference): string => digest ?? tag ?? 'latest'

function tellStart(reference: Reference, report: OnProgress): void {
  const tag = reference.digest ? pulledName(reference) : selectorOf(reference)
  report({ type: 'start', tag, repository: reference.repository })
}

/** The image that is here under the digest that the name has; `undefined`: that is not known, or another one. */
async function resolveKnown(
  stores: ImageStores,
  repository: Repository,
  reference: Reference,
  { platform, report }: ResolveOptions,
): Promise<Found | undefined> {
  const named = (digest: Digest | undefined) => {
    const name = formatReference(digest ? { ...reference, tag: undefined, digest } : reference)
    return readReference(stores.own, name) ?? findSharedReference(stores, name)
  }
  if (!named(reference.digest)) return undefined
  const digest = await repository.findDigest(selectorOf(reference))
  const record = digest && named(digest)
  if (!record || (reference.digest && reference.digest !== digest)) return undefined
  const { descriptor } = record
  const bytes = readDocument(stores, descriptor.digest, MAX_MANIFEST)
  const manifest = bytes && parseManifest(bytes, descriptor.mediaType)
  if (!bytes || manifest?.kind !== 'image') return undefined
  const index =
    digest === descriptor.digest ? undefined : readDocument(stores, digest, MAX_MANIFEST)
  if (digest !== descriptor.digest && !index) return undefined
  const document = readDocument(stores, manifest.config.digest, MAX_CONFIG)
  const config = document && parseImageConfig(document)
  // Of several platforms another one may be wanted this time.
  const isWanted = digest === descriptor.digest || isExact(platform, config)
  if (!config || !isWanted) return undefined
  checkParts(manifest, config)
  tellStart(reference, report)
  const image = { digest, manifest, descriptor, bytes }
  return { image, config, documents: [...(index ? [index] : []), bytes, document] }
}

/** A manifest or configuration; what only others have of it becomes the own store's. */
function readDocument(stores: ImageStores, digest: Digest, limit: number): Buffer | undefined {
  const own = readBlob(stores.own, digest, limit)
  if (own) return own
  const shared = readShared(stores, digest)
  if (!shared || shared.length > limit) return undefined
  writeBlob(stores.own, digest, shared, false)
  return shared
}

const isExact = (wanted: Platform, config: ImageConfig | undefined): boolean =>
  config !== undefined && platformDistance(wanted, config.platform) === 0

async function resolve(
  repository: Repository,
  reference: Reference,
  { platform, report }: ResolveOptions,
): Promise<Resolved> {
  const { bytes, mediaType } = await fetchVerified(
    repository,
    selectorOf(reference),
    reference.digest,
  )
  const digest = digestOf(bytes)
  const name = formatReference(reference)
  const manifest = parse(bytes, mediaType, name, () => tellStart(reference, report))
  tellStart(reference, report)
  if (manifest.kind === 'image') return toResolved(digest, bytes, manifest)
  let { manifests } = manifest
  for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
    const offer = choose(manifests, platform)
    // Registries that know no such manifests any more have nothing to send.
    if (isSchemaOne(offer.mediaType)) throw schemaOne(name)
    const chosen = await fetchVerified(repository, offer.digest, offer.digest)
    const inner = parseManifest(chosen.bytes, offer.mediaType || chosen.mediaType, name)
    // Kept, so that whoever only reads this store sees what the digest in the name stands for.
    if (inner.kind === 'image') return { ...toResolved(digest, chosen.bytes, inner), index: bytes }
    manifests = inner.manifests
  }
  throw new LighterError('registry-protocol', 'The image index leads from one index to another')
}

/** Docker has begun by the time that it finds a manifest too old. */
function parse(bytes: Buffer, mediaType: string, name: string, begin: () => void): Manifest {
  try {
    return parseManifest(bytes, mediaType, name)
  } catch (error) {
    if (error instanceof LighterError && error.code === 'unsupported') begin()
    throw error
  }
}

/** What fits best of a list. Throws `platform-mismatch`. */
function choose(offers: readonly PlatformDescriptor[], platform: Platform): PlatformDescriptor {
  const [choice] = offers
    .flatMap((offer) => {
      const distance = offer.platform && platformDistance(platform, offer.platform)
      return distance === undefined ? [] : [{ offer, distance }]
    })
    .sort((a, b) => a.distance - b.distance)
  if (choice) return choice.offer
  throw new LighterError(
    'platform-mismatch',
    `no matching manifest for ${formatPlatform(platform)} in the manifest list entries`,
  )
}

function toResolved(digest: Digest, bytes: Buffer, manifest: Resolved['manifest']): Resolved {
  checkTypes(manifest)
  const { mediaType } = manifest
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length }
  return { digest, manifest, bytes, descriptor }
}

/** Charts, signatures and the like have manifests, too: what is no image of a container is refused as Docker does. */
function checkTypes({ config, layers }: Resolved['manifest']): void {
  const isOurs = (type: string): boolean => /^application\/vnd\.(oci\.image|docker)\./i.test(type)
  const isConfig = ODD_CONFIGS.includes(config.mediaType) || isOurs(config.mediaType)
  const other = isConfig ? layers.find(({ mediaType }) => !isOurs(mediaType)) : config
  if (!other) return
  throw new LighterError(
    'registry-protocol',
    `unsupported media type ${printable(other.mediaType)}`,
  )
}

/** A place that has other bytes under a digest is left for the next one. */
async function fetchVerified(
  repository: Repository,
  selector: string,
  expected: Digest | undefined,
): Promise<{ bytes: Buffer; mediaType: string }> {
  for (;;) {
    const answer = await repository.fetchManifest(selector)
    if (!expected || digestOf(answer.bytes) === expected) return answer
    if (repository.moveOn(repository.place)) continue
    throw new LighterError('digest-mismatch', `manifest verification failed for digest ${expected}`)
  }
}

async function fetchConfig(
  engine: Engine,
  repository: Repository,
  manifest: Resolved['manifest'],
  signal: AbortSignal,
): Promise<Buffer> {
  const { data } = engine.paths
  const { digest, size } = manifest.config
  if (size > MAX_CONFIG) {
    throw new LighterError('registry-protocol', "The image's configuration is too large")
  }
  const known = readDocument(engine.stores, digest, MAX_CONFIG)
  if (known) return known
  // Another pull of the same image fetches it, perhaps.
  return await withClaim(
    data,
    digest,
    { signal },
    async () =>
      readBlob(data, digest, MAX_CONFIG) ??
      (await fetchSmallBlob(data, repository, digest, signal)),
  )
}

async function fetchSmallBlob(
  data: string,
  repository: Repository,
  digest: Digest,
  signal: AbortSignal,
): Promise<Buffer> {
  for (;;) {
    try {
      const { response } = await repository.openBlob(digest, 0, signal)
      const bytes = await response.bytes(MAX_CONFIG)
      writeBlob(data, digest, bytes, false)
      return bytes
    } catch (error) {
      const isTheirs = error instanceof LighterError && error.code !== 'no-space'
      if (!isTheirs) throw error
      if (!repository.moveOn(repository.place)) throw explainConfig(error, digest)
    }
  }
}

/** Docker's words for a configuration that did not come. */
function explainConfig(cause: LighterError, digest: Digest): LighterError {
  const reasons: Partial<Record<ErrorCode, string>> = {
    'digest-mismatch': `image config verification failed for digest ${digest}`,
    'registry-not-found': `download failed after attempts=1: ${cause.message}`,
  }
  const reason = reasons[cause.code] ?? cause.message
  return new LighterError(cause.code, `error pulling image configuration: ${reason}`, { cause })
}

function checkParts(manifest: Resolved['manifest'], { diffIds }: ImageConfig): void {
  if (diffIds.length === manifest.layers.length) return
  const message = "layers from manifest don't match image configuration"
  throw new LighterError('registry-protocol', message)
}

/** A lone manifest has no other platform to offer: an explicit wish fails, else whoever makes a container is warned. */
export function checkPlatform(
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
