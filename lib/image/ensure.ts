import { LighterError } from '../core/errors.ts'
import { type Digest, shortId } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { formatPlatform, parsePlatform, platformDistance } from '../oci/platform.ts'
import {
  familiarReference,
  formatReference,
  parseReference,
  withDefaultTag,
} from '../oci/reference.ts'
import { listReferences } from '../store/references.ts'
import { hasBlobAnywhere, hasLayerAnywhere, ownsStore } from '../store/shared.ts'
import { findPolicyFile } from '../trust/policy-file.ts'
import { findImage, type Image, noSuchImage } from './find.ts'
import { isSquashed } from './layer-kind.ts'
import type { OnProgress } from './progress.ts'

export type PullPolicy = 'missing' | 'always' | 'never'

export interface EnsureOptions {
  policy: PullPolicy
  platform?: string | undefined
  /** Content trust: somebody must vouch for the image. */
  signed?: boolean
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
  if (options.policy === 'always') {
    const carried = await ensureCarried(engine, text)
    if (carried) {
      await checkPolicy(engine, text, carried, options)
      return carried
    }
  } else {
    const found = findImage(engine, text)
    if (found && matches(found, options.platform)) {
      await checkPolicy(engine, text, found, options)
      return await mended(engine, found, options)
    }
    if (/^sha256:[0-9a-f]{64}$|^[0-9a-f]{64}$/.test(text)) throw noSuchImage(text)
    const carried = await ensureCarried(engine, text)
    if (carried && matches(carried, options.platform)) {
      await checkPolicy(engine, text, carried, options)
      return carried
    }
    if (options.policy === 'never')
      throw found ? otherPlatform(text, found, options) : noSuchImage(text)
    const name = familiarReference(withDefaultTag(parseReference(text)))
    options.onMissing?.(`Unable to find image '${name}' locally`)
  }
  await (await import('./pull.ts')).pullImage(engine, parseReference(text), options)
  const image = findImage(engine, text)
  if (!image) throw noSuchImage(text)
  return image
}

/** Nearly always there is no policy: nothing more is loaded then. */
async function checkPolicy(
  engine: Engine,
  text: string,
  found: Image,
  { signed = false }: EnsureOptions,
): Promise<void> {
  if (!signed && !findPolicyFile(engine.paths.config)) return
  const { checkStored } = await import('./allowed.ts')
  await checkStored(engine, text, found, signed)
}

/** The image with all its layers; what is damaged beyond the blobs at hand is fetched again by digest. */
async function mended(engine: Engine, image: Image, options: EnsureOptions): Promise<Image> {
  try {
    await ensureUnpacked(engine, image)
    return image
  } catch (error) {
    const lost = error instanceof LighterError && error.code === 'damaged-image'
    const source = lost && options.policy !== 'never' ? pulledFrom(engine, image) : undefined
    if (!source) throw error
    options.onMissing?.(`Layers of image '${shortId(image.id)}' are damaged: pulling it again`)
    const platform = formatPlatform(image.config.platform)
    const { pullImage } = await import('./pull.ts')
    await pullImage(engine, parseReference(source), { ...options, platform })
    return image
  }
}

/** A name by digest: what is fetched by it is the same image, wherever its tags point to now. */
const pulledFrom = (engine: Engine, image: Image): string | undefined =>
  listReferences(engine.paths.data).find(
    ({ imageId, reference }) => imageId === image.id && reference.indexOf('@sha256:') > 0,
  )?.reference

/**
 * The image that the program carries, if that is what is meant, whatever registries have. It is named before it is
 * unpacked: a removal beside us leaves its blobs alone then, and unpacking is made good at any later use.
 */
export async function ensureCarried(engine: Engine, text: string): Promise<Image | undefined> {
  const reference = formatReference(withDefaultTag(parseReference(text)))
  const { EMBEDDED_REFERENCE, loadEmbedded } = await import('./embedded.ts')
  if (reference !== EMBEDDED_REFERENCE) return undefined
  const loaded = await loadEmbedded(engine.paths.data, reference)
  if (!loaded) return undefined
  const { setReference } = await import('./name.ts')
  const { descriptor, imageId } = loaded
  setReference(engine, reference, { descriptor, imageId, pulledAs: [] }, false)
  const image = findImage(engine, text)
  if (image) await ensureUnpacked(engine, image)
  return image
}

/** A layer that vanished or was made for another id map is unpacked again from its blob. */
async function ensureUnpacked(engine: Engine, image: Image): Promise<void> {
  const squashed = isSquashed(engine)
  const { stores } = engine
  for (const [index, diffId] of image.config.diffIds.entries()) {
    if (hasLayerAnywhere(stores, diffId, squashed)) continue
    const blob = image.layers[index]
    if (stores.shared.length > 0) (await import('./adopt.ts')).adoptImage(engine, image)
    const { unpackGood } = await import('./layer.ts')
    const isThere = blob && hasBlobAnywhere(stores, blob.digest, blob.size)
    if (isThere && (await unpackGood(engine, { blob, diffId }))) continue
    throw layerMissing(engine, image, diffId)
  }
}

function layerMissing(engine: Engine, image: Image, diffId: Digest): LighterError {
  const store = engine.stores.shared.find((path) => ownsStore(path) === undefined)
  const reason =
    store === undefined ? 'is damaged' : `is not here, and the image store ${store} cannot be read`
  return new LighterError(
    'damaged-image',
    `layer ${shortId(diffId)} of image ${shortId(image.id)} ${reason}: pull the image again`,
  )
}

function otherPlatform(text: string, found: Image, { platform = '' }: EnsureOptions): LighterError {
  const wanted = formatPlatform(parsePlatform(platform))
  const actual = formatPlatform(found.config.platform)
  // An image for that platform is not here: Docker's client pulls one then.
  return new LighterError(
    'no-such-image',
    `image with reference ${text} was found but does not match the specified platform: wanted ${wanted}, actual: ${actual}`,
  )
}

const matches = (image: Image, platform: string | undefined): boolean =>
  platform === undefined ||
  platformDistance(parsePlatform(platform), image.config.platform) !== undefined
