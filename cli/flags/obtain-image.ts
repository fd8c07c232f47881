import type { ImageForContainer } from '../../lib/container/decide.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { ensureImage, type PullPolicy } from '../../lib/image/ensure.ts'
import { isSquashed } from '../../lib/image/layer-kind.ts'
import type { OnProgress } from '../../lib/image/progress.ts'
import { parsePlatform } from '../../lib/oci/platform.ts'
import { layerName } from '../../lib/store/layers.ts'
import type { Context } from '../context.ts'
import { showPull } from '../output/progress.ts'
import { outputStream } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

/** The image of `run` and `create`: the local one, or pulled as `--pull` says. */
export async function obtainImage(context: Context, parsed: Parsed): Promise<ImageForContainer> {
  const { engine } = context
  const quiet = parsed.bool('quiet')
  const policy = parsePolicy(parsed.string('pull') ?? 'missing')
  // The image is there nearly always: nothing is set up for showing a pull before one begins.
  let show: OnProgress | undefined
  const onProgress: OnProgress = (event) => {
    show ??= showPull(outputStream(2), context.warn)
    show(event)
  }
  const image = await ensureImage(engine, parsed.operands[0] ?? '', {
    policy,
    platform: checkPlatform(parsed.string('platform')),
    onMissing: context.warn,
    ...(quiet ? {} : { onProgress }),
  })
  const squashed = isSquashed(engine)
  return {
    id: image.id,
    layers: image.config.diffIds.map((diffId) => layerName(diffId, squashed)),
    defaults: image.config.defaults,
  }
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
