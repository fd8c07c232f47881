import { findContainer } from '../../lib/container/catalog.ts'
import { commitContainer } from '../../lib/container/commit.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { newImageName } from '../../lib/image/new-image-name.ts'
import type { Context } from '../context.ts'
import type { Parsed } from '../parse.ts'

const withDigest = () =>
  new LighterError('bad-reference', 'refusing to create a tag with a digest reference')

/** `commit`: prints the id of the new image. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const [text = '', name = ''] = parsed.operands
  const reference = newImageName(name, withDigest)
  const container = findContainer(context.engine.paths.data, text, { asWritten: true })
  const id = await commitContainer(context.engine, container, {
    author: parsed.string('author') ?? '',
    comment: parsed.string('message') ?? '',
    changes: parsed.list('change'),
    pause: parsed.bool('pause') && !parsed.bool('no-pause'),
    reference,
  })
  context.print(id)
  return 0
}
