import type { ImageForContainer } from '../../lib/container/decide.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { ensureImage, type PullPolicy } from '../../lib/image/ensure.ts'
import { isSquashed } from '../../lib/image/layer-kind.ts'
import type { OnProgress } from '../../lib/image/progress.ts'
import type { ImageConfig } from '../../lib/oci/image.ts'
import { hostPlatform, parsePlatform, platformDistance } from '../../lib/oci/platform.ts'
import { layerName } from '../../lib/store/layers.ts'
import type { Context } from '../context.ts'
import { showPull } from '../output/progress.ts'
import { outputStream } from '../output/write.ts'
import type { Parsed } from '../parse.ts'
import { mustBeSigned } from './content-trust.ts'

interface ObtainedImage extends ImageForContainer {
  /** Shown once there is a container of it. */
  warnings: string[]
}

/** The image of `run` and `create`: the local one, or pulled as `--pull` says. */
export async function obtainImage(context: Context, parsed: Parsed): Promise<ObtainedImage> {
  const { engine } = context
  const quiet = parsed.bool('quiet')
  const policy = parsePolicy(parsed.string('pull') || 'missing')
  // The image is there nearly always: nothing is set up for showing a pull before one begins.
  let show: OnProgress | undefined
  const onProgress: OnProgress = (event) => {
    show ??= showPull(outputStream(2))
    show(event)
  }
  const platform = checkPlatform(parsed.string('platform'))
  const image = await ensureImage(engine, parsed.operands[0] ?? '', {
    policy,
    platform,
    signed: mustBeSigned(parsed),
    onMissing: quiet ? () => undefined : context.warn,
    ...(quiet ? {} : { onProgress }),
  })
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
  const { checkSystem, foreignWarning } = await import('../../lib/image/foreign.ts')
  checkSystem(config)
  const warning = wanted === undefined ? foreignWarning(config) : undefined
  return warning === undefined ? [] : [warning]
}

function checkPlatform(text: string | undefined): string | undefined {
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

function parsePolicy(text: string): PullPolicy {
  if (text === 'always' || text === 'missing' || text === 'never') return text
  throw new LighterError(
    'usage',
    `invalid pull option: '${text}': must be one of "always", "missing" or "never"`,
  )
}
