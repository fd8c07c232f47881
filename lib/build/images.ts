import { LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import { DockerfileError } from '../dockerfile/errors.ts'
import type { Engine } from '../engine.ts'
import { findImage, type Image } from '../image/find.ts'
import type { Descriptor, ImageConfig } from '../oci/image.ts'
import { formatPlatform, type Platform, platformDistance } from '../oci/platform.ts'
import { formatReference, parseReference, withDefaultTag } from '../oci/reference.ts'
import { findPolicyFile } from '../trust/policy-file.ts'
import type { FoundImage } from './found-image.ts'
import type { BaseImage } from './frontend/conversion.ts'
import { makeStep } from './frontend/make-step.ts'
import { LABELS } from './internal-names.ts'
import type { BuildProgress } from './progress.ts'
import type { BuildSession } from './session.ts'
import { Reporter } from './solver/reporter.ts'

/** Finds the images that stages begin with: what is here, else what a registry has, layers left there until somebody needs them. */
export class BaseImages {
  readonly #session: BuildSession
  readonly #reporter: Reporter
  readonly #pull: boolean
  readonly #found = new Map<string, Promise<FoundImage>>()

  constructor(session: BuildSession, progress: BuildProgress, pull: boolean) {
    this.#session = session
    this.#reporter = new Reporter(progress)
    this.#pull = pull
  }

  /** Throws `DockerfileError` for what is no name, and what a registry has against it. */
  async find(
    text: string,
    platform: Platform,
    nameOf: (full: string) => string,
  ): Promise<BaseImage> {
    const { layers, config, shown } = await this.#lookUp(text, platform)
    const step = makeStep(
      {
        name: nameOf(shown),
        location: undefined,
        inputs: [],
        operation: { type: 'image', layers },
        fresh: false,
      },
      layers,
    )
    return { step, config, layers }
  }

  /** What an image says about its containers. Throws as `find`. */
  async configOf(text: string, platform: Platform): Promise<ImageConfig> {
    return (await this.#lookUp(text, platform)).config
  }

  #lookUp(text: string, platform: Platform): Promise<FoundImage> {
    const full = fullName(text)
    const key = `${full} ${formatPlatform(platform)}`
    const finding = this.#found.get(key) ?? this.#resolve(text, full, platform)
    this.#found.set(key, finding)
    return finding
  }

  /** Tells of it as BuildKit does. */
  #resolve(text: string, full: string, platform: Platform): Promise<FoundImage> {
    const step = makeStep(
      {
        name: LABELS.metadata(full),
        location: undefined,
        inputs: [],
        operation: { type: 'image', layers: [] },
        fresh: false,
      },
      ['metadata', full, formatPlatform(platform)],
    )
    return this.#reporter
      .around(step, async () => {
        const local = await this.#findLocal(text, platform)
        if (local) return local
        const { findRemote } = await import('./remote-image.ts')
        return await findRemote(this.#session, full, platform).catch(missing(full))
      })
      .catch((error: unknown) => {
        throw unresolved(error, text, full)
      })
  }

  async #findLocal(text: string, platform: Platform): Promise<FoundImage | undefined> {
    const { engine } = this.#session
    const image =
      (this.#pull ? undefined : findImage(engine, text)) ?? (await carried(engine, text))
    if (!image || platformDistance(platform, image.config.platform) === undefined) return undefined
    if (findPolicyFile(engine.paths.config)) {
      const { checkStored } = await import('../image/allowed.ts')
      await checkStored(engine, text, image, false)
    }
    const { config } = image
    this.#session.hold(config.diffIds, [image.id, ...image.layers.map(({ digest }) => digest)])
    for (const [index, diffId] of config.diffIds.entries()) {
      const blob = image.layers[index]
      if (blob)
        this.#session.addOrigin(diffId, {
          blob,
          fetch: () => this.#unpack(engine, image, diffId, blob),
        })
    }
    return { layers: config.diffIds, config, shown: fullName(text) }
  }

  /** A layer of an image that is here and whose tree is not. */
  async #unpack(engine: Engine, image: Image, diffId: Digest, blob: Descriptor): Promise<void> {
    const { unpackGood } = await import('../image/layer.ts')
    if (await unpackGood(engine, { blob, diffId }, this.#session.signal)) return
    throw new DockerfileError(
      `layer ${diffId} of image ${image.id} is damaged: pull the image again`,
    )
  }
}

/** What no registry needs to be asked for. */
async function carried(engine: Engine, text: string): Promise<Image | undefined> {
  const { EMBEDDED_REFERENCE } = await import('../image/embedded.ts')
  if (fullName(text) !== EMBEDDED_REFERENCE) return undefined
  const { ensureCarried } = await import('../image/ensure.ts')
  return await ensureCarried(engine, text)
}

/** What a registry does not have, in BuildKit's words. */
const missing =
  (full: string) =>
  (error: unknown): never => {
    if (!(error instanceof LighterError) || error.code !== 'registry-not-found') throw error
    throw new LighterError(error.code, `${full}: not found`, { cause: error })
  }

/** In BuildKit's words. */
function unresolved(error: unknown, text: string, full: string): unknown {
  if (!(error instanceof LighterError) || !error.code.startsWith('registry-')) return error
  const hint = error.hint === undefined ? {} : { hint: error.hint }
  const message = `${text}: failed to resolve source metadata for ${full}: ${error.message}`
  return new DockerfileError(message, undefined, { cause: error, ...hint })
}

function fullName(text: string): string {
  try {
    return formatReference(withDefaultTag(parseReference(text)))
  } catch (error) {
    if (/^(sha256:)?[0-9a-f]{6,64}$/.test(text)) return text
    throw new DockerfileError(
      `failed to parse stage name ${JSON.stringify(text)}: ${(error as Error).message}`,
      undefined,
      { cause: error },
    )
  }
}
