import { isatty } from 'node:tty'
import { LighterError } from '../../lib/core/errors.ts'
import { saveImages } from '../../lib/image/save.ts'
import type { Context } from '../context.ts'
import { checkOutputPath } from '../output/path.ts'
import { outputStream } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

/** `save`: to a file that appears when it is whole, or to standard output. */
export async function run({ engine }: Context, parsed: Parsed): Promise<number> {
  const output = parsed.string('output') ?? ''
  if (output === '' && isatty(1)) {
    throw new LighterError(
      'usage',
      'cowardly refusing to save to a terminal. Use the -o flag or redirect',
    )
  }
  if (output !== '') checkOutputPath(output, 'failed to save image: ')
  await saveImages(engine, {
    images: parsed.operands,
    platform: parsed.string('platform'),
    output: output === '' ? outputStream(1) : output,
  })
  return 0
}
