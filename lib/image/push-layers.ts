import { LighterError } from '../core/errors.ts'
import { type Digest, shortId } from '../core/ids.ts'
import { streamOf } from '../fs/beneath.ts'
import { isElsewhere } from '../oci/descriptor.ts'
import { type Descriptor, parseManifest } from '../oci/image.ts'
import { parseReference, type Reference } from '../oci/reference.ts'
import type { PushTarget } from '../registry/upload.ts'
import { peekBlob } from '../store/blobs.ts'
import { listReferences } from '../store/references.ts'
import { type ImageStores, openBlob } from '../store/shared.ts'
import type { Image } from './find.ts'

const PARALLEL = 5
/** A registry is asked for no more repositories to take a layer over from. */
const MOUNT_SOURCES = 3
/** Small: on a slow way out a large piece looks as if nothing went any more. */
const CHUNK = 64 * 1024

export type PushStatus =
  | 'Preparing'
  | 'Waiting'
  | 'Pushing'
  | 'Pushed'
  | 'Layer already exists'
  | 'Skipped foreign layer'
  | `Mounted from ${string}`

/** What a push tells those who watch. */
export type PushEvent =
  | { type: 'start'; repository: string }
  | { type: 'layer'; id: string; status: PushStatus; current?: number; total?: number }
  | { type: 'done'; tag: string; digest: Digest; size: number }

export type OnPushed = (event: PushEvent) => void

interface PushJob {
  blob: Descriptor
  id: string
}

/** Tells of every layer before the work begins. */
export function announceLayers(image: Image, report: OnPushed): void {
  const jobs = jobsOf(image)
  for (const { id } of jobs) report({ type: 'layer', id, status: 'Preparing' })
  for (const { id } of jobs.slice(PARALLEL)) report({ type: 'layer', id, status: 'Waiting' })
}

/** Makes every layer be in the registry, a few at a time, the topmost first. Throws `registry-…`. */
export async function pushLayers(
  stores: ImageStores,
  target: PushTarget,
  reference: Reference,
  image: Image,
  report: OnPushed,
): Promise<void> {
  const sources = mountSources(stores.own, reference)
  const stop = new AbortController()
  const queue = jobsOf(image)
  const worker = async (): Promise<void> => {
    for (let job = queue.shift(); job && !stop.signal.aborted; job = queue.shift()) {
      const { blob, id } = job
      const tell = (status: PushStatus, current?: number): void =>
        report({
          type: 'layer',
          id,
          status,
          ...(current === undefined ? {} : { current, total: blob.size }),
        })
      await pushLayer(stores, target, blob, sources.get(blob.digest) ?? [], tell, stop.signal)
    }
  }
  const results = await Promise.allSettled(
    Array.from({ length: PARALLEL }, () =>
      worker().catch((error) => {
        stop.abort()
        throw error
      }),
    ),
  )
  const failures = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  )
  // What was cut short by the first failure has nothing to say.
  const failure = failures.find((error) => error instanceof LighterError) ?? failures[0]
  if (failure) throw failure
}

/** Each layer once, called as Docker does: by the digest of its archive. */
function jobsOf({ layers, config }: Image): PushJob[] {
  const jobs = new Map<Digest, PushJob>()
  for (const [index, blob] of layers.entries()) {
    const diffId = config.diffIds[index]
    if (diffId && !jobs.has(blob.digest)) jobs.set(blob.digest, { blob, id: shortId(diffId) })
  }
  return [...jobs.values()].reverse()
}

/** Makes one blob be in the registry; `sources`: its repositories that have it already. Throws `registry-…`. */
export async function pushLayer(
  stores: ImageStores,
  target: PushTarget,
  blob: Descriptor,
  sources: readonly string[],
  tell: (status: PushStatus, current?: number) => void,
  signal: AbortSignal,
): Promise<void> {
  if (isElsewhere(blob)) return tell('Skipped foreign layer')
  if (await target.hasBlob(blob.digest, signal)) return tell('Layer already exists')
  const from = await target.mountBlob(blob.digest, sources, signal)
  if (from !== undefined) return tell(`Mounted from ${from}`)
  await upload(stores, target, blob, signal, (bytes) => tell('Pushing', bytes))
  tell('Pushed')
}

/** Makes the configuration be in the registry. Throws `registry-…`. */
export async function pushConfig(
  stores: ImageStores,
  target: PushTarget,
  config: Descriptor,
): Promise<void> {
  if (await target.hasBlob(config.digest)) return
  await upload(stores, target, config, new AbortController().signal, () => undefined)
}

const upload = (
  stores: ImageStores,
  target: PushTarget,
  blob: Descriptor,
  signal: AbortSignal,
  onSent: (bytes: number) => void,
): Promise<void> =>
  target.uploadBlob(blob, {
    open: (start, end) =>
      streamOf(openBlob(stores, blob.digest, blob.size), {
        start,
        end: end - 1,
        highWaterMark: CHUNK,
      }),
    onSent,
    signal,
  })

/** For each layer, repositories of the registry that certainly had a layer, because an image with it came from there or went there. */
export function mountSources(data: string, target: Reference): Map<Digest, string[]> {
  const sources = new Map<Digest, string[]>()
  for (const { reference, descriptor } of listReferences(data)) {
    if (!reference.includes('@') || reference.startsWith('@')) continue
    const { registry, repository } = parseReference(reference)
    if (registry !== target.registry || repository === target.repository) continue
    const bytes = peekBlob(data, descriptor.digest, descriptor.size)
    const manifest = bytes && parseManifest(bytes, descriptor.mediaType)
    if (manifest?.kind !== 'image') continue
    for (const { digest } of manifest.layers) {
      const known = sources.get(digest) ?? []
      if (!known.includes(repository) && known.length < MOUNT_SOURCES)
        sources.set(digest, [...known, repository])
    }
  }
  return sources
}
