import {
  checkPlatform,
  imageForContainer,
  type ObtainedImage,
} from '../../lib/container/image-for-container.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { ensureImage, type PullPolicy } from '../../lib/image/ensure.ts'
import type { OnProgress } from '../../lib/image/progress.ts'
import type { Context } from '../context.ts'
import { showPull } from '../output/progress.ts'
import { outputStream } from '../output/write.ts'
import type { Parsed } from '../parse.ts'
import { mustBeSigned } from './content-trust.ts'

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
  return await imageForContainer(engine, image, platform)
}

function parsePolicy(text: string): PullPolicy {
  if (text === 'always' || text === 'missing' || text === 'never') return text
  throw new LighterError(
    'usage',
    `invalid pull option: '${text}': must be one of "always", "missing" or "never"`,
  )
}
