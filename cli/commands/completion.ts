import { LighterError } from '../../lib/core/errors.ts'
import { completionScript, SHELLS } from '../completion/scripts.ts'
import type { Context } from '../context.ts'
import { writeOut } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

/** `completion SHELL`: the script to load in that shell. */
export async function run({ program }: Context, parsed: Parsed): Promise<number> {
  const shell = SHELLS.find((name) => name === parsed.operands[0])
  if (!shell) {
    throw new LighterError(
      'usage',
      `unknown shell "${parsed.operands[0]}": one of ${SHELLS.join(', ')}`,
    )
  }
  writeOut(completionScript(shell, program))
  return 0
}
