import { tagImage } from '../../lib/image/name.ts'
import type { Context } from '../context.ts'
import type { Parsed } from '../parse.ts'

/** `tag SOURCE TARGET`: silent, as Docker is. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const [source = '', target = ''] = parsed.operands
  tagImage(context.engine, source, target)
  return 0
}
