import { isatty } from 'node:tty'
import { findContainer } from '../../lib/container/catalog.ts'
import { exportContainer } from '../../lib/container/export.ts'
import { LighterError } from '../../lib/core/errors.ts'
import type { Context } from '../context.ts'
import { checkOutputPath } from '../output/path.ts'
import type { Parsed } from '../parse.ts'

/** `export`: to a file that appears when it is whole, or to standard output. */
export async function run({ engine }: Context, parsed: Parsed): Promise<number> {
  const output = parsed.string('output') ?? ''
  if (output === '' && isatty(1)) {
    throw new LighterError(
      'usage',
      'cowardly refusing to save to a terminal. Use the -o flag or redirect',
    )
  }
  if (output !== '') checkOutputPath(output, 'failed to export container: ')
  const container = findContainer(engine.paths.data, parsed.operands[0] ?? '')
  await exportContainer(engine, container, output === '' ? undefined : output)
  return 0
}
