import { LighterError } from '../core/errors.ts'
import type { Engine } from '../engine.ts'
import type { Image } from '../image/find.ts'
import { isSquashed } from '../image/layer-kind.ts'
import type { ImageConfig } from '../oci/image.ts'
import { hostPlatform, parsePlatform, platformDistance } from '../oci/platform.ts'
import { layerName } from '../store/layers.ts'
import type { ImageForContainer } from './decide.ts'

export interface ObtainedImage extends ImageForContainer {
  /** Shown once there is a container of it. */
  warnings: string[]
}

/** What a container takes of its image. `platform`: the one that was asked for. Throws `platform-mismatch`. */
export async function imageForContainer(
  engine: Engine,
  image: Image,
  platform: string | undefined,
): Promise<ObtainedImage> {
  const squashed = isSquashed(engine)
  return {
    id: image.id,
    layers: image.config.diffIds.map((diffId) => layerName(diffId, squashed)),
    defaults: image.config.defaults,
    warnings: await platformWarnings(image.config, platform),
  }
}

/** Nearly every image is for this machine: nothing is loaded for one that is. Throws `platform-mismatch`. */
async function platformWarnings(
  config: ImageConfig,
  wanted: string | undefined,
): Promise<string[]> {
  if (platformDistance(hostPlatform(), config.platform) === 0) return []
  const { checkSystem, foreignWarning } = await import('../image/foreign.ts')
  checkSystem(config)
  const warning = wanted === undefined ? foreignWarning(config) : undefined
  return warning === undefined ? [] : [warning]
}

/** The platform that somebody asked for; empty: none. Throws `bad-platform`. */
export function checkPlatform(text: string | undefined): string | undefined {
  if (!text) return undefined
  try {
    parsePlatform(text)
  } catch (error) {
    throw new LighterError(
      'bad-platform',
      `error parsing specified platform: ${(error as Error).message}`,
    )
  }
  return text
}
