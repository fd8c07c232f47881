import { LighterError } from '../core/errors.ts'
import { shortId } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { parsePlatform, platformDistance } from '../oci/platform.ts'
import {
  familiarReference,
  formatReference,
  parseReference,
  withDefaultTag,
} from '../oci/reference.ts'
import { hasLayer } from '../store/layers.ts'
import { findImage, type Image } from './find.ts'
import { isSquashed } from './layer-kind.ts'
import type { OnProgress } from './progress.ts'

export type PullPolicy = 'missing' | 'always' | 'never'

export interface EnsureOptions {
  policy: PullPolicy
  platform?: string | undefined
  signal?: AbortSignal
  onProgress?: OnProgress
  /** Told the sentence of Docker before a pull that nobody asked for. */
  onMissing?(text: string): void
}

/** The image for a container: the local one, or a fresh one where the policy says so. */
export async function ensureImage(
  engine: Engine,
  text: string,
  options: EnsureOptions,
): Promise<Image> {
  if (options.policy !== 'always') {
    const found = findImage(engine, text)
    if (found && matches(found, options.platform)) {
      await ensureUnpacked(engine, found)
      return found
    }
    if (/^sha256:[0-9a-f]{64}$|^[0-9a-f]{64}$/.test(text)) throw missing(text)
    const carried = await ensureCarried(engine, text)
    if (carried && matches(carried, options.platform)) return carried
    const name = familiarReference(withDefaultTag(parseReference(text)))
    if (options.policy === 'never') throw missing(name)
    options.onMissing?.(`Unable to find image '${name}' locally`)
  }
  await (await import('./pull.ts')).pullImage(engine, parseReference(text), options)
  const image = findImage(engine, text)
  if (!image) throw missing(text)
  return image
}

/**
 * The image that the program carries, if that is what is meant. It is named before it is unpacked: a removal beside us
 * leaves its blobs alone then, and unpacking is made good at any later use.
 */
async function ensureCarried(engine: Engine, text: string): Promise<Image | undefined> {
  const reference = formatReference(withDefaultTag(parseReference(text)))
  const { EMBEDDED_REFERENCE, loadEmbedded } = await import('./embedded.ts')
  if (reference !== EMBEDDED_REFERENCE) return undefined
  const loaded = await loadEmbedded(engine.paths.data, reference)
  if (!loaded) return undefined
  const { setReference } = await import('./name.ts')
  setReference(engine, reference, { descriptor: loaded.descriptor, imageId: loaded.imageId })
  const image = findImage(engine, text)
  if (image) await ensureUnpacked(engine, image)
  return image
}

/** A layer that vanished or was made for another id map is unpacked again from its blob. */
async function ensureUnpacked(engine: Engine, image: Image): Promise<void> {
  const squashed = isSquashed(engine)
  const { data } = engine.paths
  for (const [index, diffId] of image.config.diffIds.entries()) {
    if (hasLayer(data, diffId, squashed)) continue
    const blob = image.layers[index]
    const { hasBlob } = await import('../store/blobs.ts')
    if (!blob || !hasBlob(data, blob.digest, blob.size)) {
      throw new LighterError(
        'no-such-image',
        `layer ${shortId(diffId)} of image ${shortId(image.id)} is damaged; pull the image again`,
      )
    }
    const { unpackStored } = await import('./layer.ts')
    await unpackStored(engine, { blob, diffId })
  }
}

const matches = (image: Image, platform: string | undefined): boolean =>
  platform === undefined ||
  platformDistance(parsePlatform(platform), image.config.platform) !== undefined

const missing = (name: string): LighterError =>
  new LighterError('no-such-image', `No such image: ${name}`)
