import { LighterError } from '../../lib/core/errors.ts'
import { importImage } from '../../lib/image/import.ts'
import { newImageName } from '../../lib/image/new-image-name.ts'
import type { Context } from '../context.ts'
import type { Parsed } from '../parse.ts'

const withDigest = () => new LighterError('bad-input', 'cannot import digest reference')

/** `import`: prints the id of the new image. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const [source = '', name = ''] = parsed.operands
  const id = await importImage(context.engine, {
    source,
    comment: parsed.string('message') ?? '',
    changes: parsed.list('change'),
    platform: parsed.string('platform'),
    reference: newImageName(name, withDigest),
  })
  context.print(id)
  return 0
}
