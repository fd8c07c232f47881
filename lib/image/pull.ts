import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { LighterError } from '../core/errors.ts'
import { type Digest, shortId } from '../core/ids.ts'
import { lazyCrypto } from '../core/lazy.ts'
import { Places } from '../core/parallel.ts'
import type { Engine } from '../engine.ts'
import { makeDraft } from '../fs/drafts.ts'
import { replaceFile } from '../fs/replace.ts'
import { ownIdentity } from '../host/process.ts'
import type { Descriptor, ImageConfig } from '../oci/image.ts'
import { hostPlatform, parsePlatform } from '../oci/platform.ts'
import { familiarName, formatReference, type Reference, withDefaultTag } from '../oci/reference.ts'
import { openRepository, type Repository } from '../registry/registry.ts'
import { closeConnections } from '../registry/transport.ts'
import { syncLayers } from '../runtime/userns.ts'
import { ensureLayout } from '../store/blobs.ts'
import { readReference } from '../store/references.ts'
import {
  findSharedReference,
  hasBlobAnywhere,
  hasLayerAnywhere,
  listAllReferences,
} from '../store/shared.ts'
import { findPolicyFile } from '../trust/policy-file.ts'
import { recordImageEvent } from './events.ts'
import { withForeignLayers } from './foreign-layers.ts'
import type { LayerJob } from './layer.ts'
import { isSquashed } from './layer-kind.ts'
import { collectLeftovers } from './leftovers.ts'
import { setReference } from './name.ts'
import type { OnProgress } from './progress.ts'
import {
  checkPlatform,
  type Found,
  keepDocument,
  pulledName,
  type Resolved,
  resolveImage,
} from './resolve.ts'

/** Layers of one image that are fetched beside each other. */
const PARALLEL = 3
/**
 * Of the layers behind the first of each pull so many are fetched at a time, whoever pulls: each needs buffers, and a service may pull
 * many images. One by one every pull goes on, however slow the registry of another is.
 */
const further = new Places(PARALLEL)
/** A removal beside us may take what nothing named yet: then it is fetched again. */
const ROUNDS = 3

export interface PullOptions {
  platform?: string | undefined
  /** Content trust: somebody must vouch for the image. */
  signed?: boolean
  signal?: AbortSignal
  onProgress?: OnProgress
}

/** Fetches an image and gives it its name, last of all. Returns the name as users know it. */
export async function pullImage(
  engine: Engine,
  wanted: Reference,
  options: PullOptions = {},
): Promise<string> {
  const reference = withDefaultTag(wanted)
  const platform = options.platform ? parsePlatform(options.platform) : hostPlatform()
  let begun = false
  const report: OnProgress = (event) => {
    begun ||= event.type === 'start'
    options.onProgress?.(event)
  }
  const stop = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal
  const namespace = { program: engine.native().program, idMap: engine.idMap() }
  /** Directories of layers that are not synced yet: one process does that at the end, out of the pull's way. */
  const published: string[] = []
  ensureLayout(engine.paths.data)
  const { signed = false } = options
  const trust =
    signed || findPolicyFile(engine.paths.config) ? await import('../trust/check.ts') : undefined
  trust?.checkName(engine.paths, reference, signed)
  try {
    const repository = await openRepository(reference, engine.paths)
    const [found] = await Promise.all([
      resolveImage(engine, repository, reference, { platform, signal, report }),
      useWait(engine),
    ])
    const { image, config, documents } = found
    checkPlatform(config, platform, options.platform !== undefined, reference)
    const { digest } = image.descriptor
    await trust?.checkImage(engine.paths, { reference, digest }, { signed, remembered: false })
    using _pin = pin(engine, image, config)
    // What was here already may have been removed before it was pinned.
    for (const bytes of documents) keepDocument(engine.paths.data, bytes)
    let fresh = false
    let fetched = false
    const source = withForeignLayers(repository, image.manifest.layers, engine.paths)
    for (let round = 0; round < ROUNDS; round += 1) {
      const tell = round === 0 ? report : () => undefined
      const changed = await fetchParts(engine, source, reference, found, {
        stop,
        signal,
        report: tell,
        onPublished: (directory) => published.push(directory),
      })
      fetched ||= changed
      if (round > 0 && !changed) break
      fresh = nameImage(engine, reference, image, published.length === 0) || fresh
    }
    report({ type: 'digest', digest: image.digest })
    report({ type: 'status', reference: pulledName(reference), fresh })
    const { labels } = config.defaults
    const name = familiarName(reference)
    recordImageEvent(engine.paths.data, 'pull', { id: pulledName(reference), name, labels })
    // Meanwhile another pull may have died.
    if (fetched) await collectLeftovers(engine)
    return formatReference(reference)
  } catch (error) {
    throw begun ? endOfPull(error) : error
  } finally {
    stop.abort()
    syncLayers(namespace, published)
    await closeConnections()
  }
}

/** What any pull has to do is done while the registry thinks about its first answer. */
async function useWait(engine: Engine): Promise<void> {
  // The connection is made in the first turn, and used in the second.
  await nextTurn()
  await nextTurn()
  lazyCrypto()
  await collectLeftovers(engine)
}

function endOfPull(error: unknown): unknown {
  if (!(error instanceof LighterError && /^(registry-|unsupported$)/.test(error.code))) return error
  return new LighterError('pull-ended', error.message, { cause: error })
}

/** Tells removals beside us what we are about to name. */
function pin(engine: Engine, image: Resolved, config: ImageConfig): Disposable {
  const draft = makeDraft(engine.paths.data, ownIdentity())
  const { manifest, descriptor } = image
  const blobs = [image, descriptor, manifest.config, ...manifest.layers].map(({ digest }) => digest)
  const pins = { version: 1, blobs, layers: config.diffIds }
  replaceFile(join(draft, 'pins.json'), JSON.stringify(pins))
  return { [Symbol.dispose]: () => rmSync(draft, { recursive: true, force: true }) }
}

/** Makes every blob and layer be there, a few at a time; `true` when something was missing. */
async function fetchParts(
  engine: Engine,
  repository: Repository,
  reference: Reference,
  { image, config }: Found,
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
  const squashed = isSquashed(engine)
  const missing: LayerJob[] = []
  const present: Descriptor[] = []
  const seen = new Set<Digest>()
  for (const [index, blob] of image.manifest.layers.entries()) {
    const diffId = config.diffIds[index]
    if (!diffId || seen.has(diffId)) continue
    seen.add(diffId)
    const there =
      hasLayerAnywhere(engine.stores, diffId, squashed) &&
      hasBlobAnywhere(engine.stores, blob.digest, blob.size)
    if (there) present.push(blob)
    else missing.push({ blob, diffId, onPublished })
  }
  tellLayers(engine, reference, image, present, missing, report)
  if (missing.length === 0) return false
  const { ensureLayer } = await import('./layer.ts')
  const queue = [...missing]
  /** Aborted when nothing is left to begin: nobody need wait for his place. */
  const begun = new AbortController()
  const waiting = AbortSignal.any([begun.signal, signal])
  const next = (): LayerJob | undefined => {
    const job = queue.shift()
    if (queue.length === 0) begun.abort()
    return job
  }
  const worker = async (isFirst: boolean): Promise<void> => {
    for (;;) {
      using place = isFirst ? undefined : await further.take(waiting)
      const job = isFirst || place ? next() : undefined
      if (!job) return
      await ensureLayer(engine, repository, job, signal, report)
    }
  }
  const results = await Promise.allSettled(
    Array.from({ length: PARALLEL }, (_, index) =>
      worker(index === 0).catch((error) => {
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
  return true
}

/** An image that is all there is not worth a word. */
function tellLayers(
  engine: Engine,
  reference: Reference,
  image: Resolved,
  present: Descriptor[],
  missing: LayerJob[],
  report: OnProgress,
): void {
  if (missing.length === 0 && isNamed(engine, reference, image)) return
  for (const { digest } of image.manifest.layers) {
    const status = present.some((blob) => blob.digest === digest)
      ? 'Already exists'
      : 'Pulling fs layer'
    report({ type: 'layer', id: shortId(digest), status })
  }
  for (const { blob } of missing.slice(PARALLEL)) {
    report({ type: 'layer', id: shortId(blob.digest), status: 'Waiting' })
  }
}

/** Whether an image has any name here; the likely one is looked for before all are read. */
function isNamed(engine: Engine, reference: Reference, { digest, manifest }: Resolved): boolean {
  const isKnown = (record?: { imageId: Digest }) => record?.imageId === manifest.config.digest
  return (
    isKnown(readReference(engine.paths.data, digestName(reference, digest))) ||
    listAllReferences(engine.stores).some(isKnown)
  )
}

const digestName = (reference: Reference, digest: Digest): string =>
  formatReference({ ...reference, tag: undefined, digest })

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
  const names = [digestName(reference, image.digest)]
  if (reference.tag && !reference.digest) names.push(formatReference(reference))
  const main = names.at(-1) ?? ''
  const old = readReference(data, main) ?? findSharedReference(engine.stores, main)
  const fresh = old?.imageId !== imageId
  for (const name of names)
    setReference(engine, name, { descriptor, imageId, pulledAs: [name] }, durable)
  return fresh
}
