import { LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import { lazyCrypto } from '../core/lazy.ts'
import { DockerfileError } from '../dockerfile/errors.ts'
import type { Engine } from '../engine.ts'
import { findImage, type Image } from '../image/find.ts'
import { withForeignLayers } from '../image/foreign-layers.ts'
import { ensureLayer } from '../image/layer.ts'
import { checkPlatform, resolveImage } from '../image/resolve.ts'
import type { Descriptor, ImageConfig } from '../oci/image.ts'
import { formatPlatform, type Platform, platformDistance } from '../oci/platform.ts'
import { formatReference, parseReference, withDefaultTag } from '../oci/reference.ts'
import { openRepository, type Repository } from '../registry/registry.ts'
import { writeSource } from '../store/steps.ts'
import { findPolicyFile } from '../trust/policy-file.ts'
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
        const local = this.#pull ? undefined : await this.#findLocal(text, platform)
        return local ?? (await this.#findRemote(full, platform))
      })
      .catch((error: unknown) => {
        throw unresolved(error, text, full)
      })
  }

  async #findLocal(text: string, platform: Platform): Promise<FoundImage | undefined> {
    const { engine } = this.#session
    const image = findImage(engine, text)
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

  async #findRemote(full: string, platform: Platform): Promise<FoundImage> {
    const { engine, signal } = this.#session
    const reference = parseReference(full)
    const policy = findPolicyFile(engine.paths.config)
    const trust = policy ? await import('../trust/check.ts') : undefined
    trust?.checkName(engine.paths, reference, false)
    const repository = await openRepository(reference, engine.paths)
    const report = () => undefined
    const { image, config } = await resolveImage(engine, repository, reference, {
      platform,
      signal,
      report,
    })
    checkPlatform(config, platform, true, reference)
    const { digest } = image.descriptor
    await trust?.checkImage(
      engine.paths,
      { reference, digest },
      { signed: false, remembered: false },
    )
    const { layers } = image.manifest
    const blobs = [
      image.digest,
      digest,
      image.manifest.config.digest,
      ...layers.map((one) => one.digest),
    ]
    this.#session.hold(config.diffIds, blobs)
    this.#addOrigins(withForeignLayers(repository, layers, engine.paths), layers, config)
    this.#remember(full, blobs, config, layers)
    this.#session.materials.push(materialOf(full, image.digest, platform))
    return { layers: config.diffIds, config, shown: `${full}@${image.digest}` }
  }

  #addOrigins(
    repository: Repository,
    layers: readonly Descriptor[],
    { diffIds }: ImageConfig,
  ): void {
    const { engine } = this.#session
    for (const [index, diffId] of diffIds.entries()) {
      const blob = layers[index]
      if (!blob) continue
      this.#session.addOrigin(diffId, {
        blob,
        fetch: (signal, onFetch) =>
          ensureLayer(engine, repository, { blob, diffId }, signal, (event) => {
            if (event.type !== 'layer' || event.status !== 'Downloading') return
            onFetch?.(blob.digest, event.current ?? 0, event.total ?? blob.size)
          }),
      })
    }
  }

  /** It has no name here: the cache keeps it. */
  #remember(
    full: string,
    blobs: readonly Digest[],
    config: ImageConfig,
    layers: readonly Descriptor[],
  ): void {
    const key = lazyCrypto().createHash('sha256').update(`${full} ${blobs[1]}`).digest('hex')
    writeSource(this.#session.engine.paths.data, {
      key,
      reference: full,
      blobs,
      layers: config.diffIds,
      createdAt: new Date().toISOString(),
      size: layers.reduce((sum, { size }) => sum + size, 0),
    })
  }
}

/** In BuildKit's words. */
function unresolved(error: unknown, text: string, full: string): unknown {
  if (!(error instanceof LighterError) || !error.code.startsWith('registry-')) return error
  const hint = error.hint === undefined ? {} : { hint: error.hint }
  const message = `${text}: failed to resolve source metadata for ${full}: ${error.message}`
  return new DockerfileError(message, undefined, { cause: error, ...hint })
}

interface FoundImage {
  layers: readonly Digest[]
  config: ImageConfig
  /** As steps call it. */
  shown: string
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

function materialOf(full: string, digest: Digest, platform: Platform) {
  const { registry, repository, tag } = parseReference(full)
  const name =
    registry === 'docker.io' ? repository.replace(/^library\//, '') : `${registry}/${repository}`
  const query = `?platform=${encodeURIComponent(formatPlatform(platform))}`
  return {
    uri: `pkg:docker/${name}${tag ? `@${tag}` : ''}${query}`,
    digest: { sha256: digest.slice('sha256:'.length) },
  }
}
