import { importImage } from '../../lib/image/import.ts'
import type { Context } from '../context.ts'
import { newImageName } from '../flags/new-image-name.ts'
import type { Parsed } from '../parse.ts'

/** `import`: prints the id of the new image. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const [source = '', name = ''] = parsed.operands
  const id = await importImage(context.engine, {
    source,
    comment: parsed.string('message') ?? '',
    changes: parsed.list('change'),
    platform: parsed.string('platform'),
    reference: newImageName(name),
  })
  context.print(id)
  return 0
}
