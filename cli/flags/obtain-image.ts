import type { ImageForContainer } from '../../lib/container/decide.ts'
import { findContainerImage, imageName } from '../../lib/container/image.ts'
import { LighterError } from '../../lib/core/errors.ts'
import type { Context } from '../context.ts'
import type { Parsed } from '../parse.ts'

/** The image of `run` and `create`: the local one, or pulled as `--pull` says. */
export async function obtainImage(context: Context, parsed: Parsed): Promise<ImageForContainer> {
  const { engine } = context
  const text = parsed.operands[0] ?? ''
  const policy = parsed.string('pull') ?? 'missing'
  const find = (): ImageForContainer | undefined =>
    findContainerImage(engine.paths.data, text, engine.idMap())
  const platform = parsed.string('platform')
  const local = policy === 'always' || platform ? undefined : find()
  if (local) return local
  const name = imageName(text)
  if (policy === 'never') throw new LighterError('no-such-image', `No such image: ${name}`)
  const { obtain } = await import('./pull-image.ts')
  await obtain(context, { text, platform, always: policy === 'always', quiet: parsed.bool('quiet') })
  const pulled = find()
  if (pulled) return pulled
  throw new LighterError('no-such-image', `No such image: ${name}`)
}
