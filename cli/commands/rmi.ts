import { removeImage } from '../../lib/image/remove.ts'
import { listImageUsers } from '../../lib/image/users.ts'
import type { Context } from '../context.ts'
import { forEachOperand } from '../each.ts'
import type { Parsed } from '../parse.ts'

/** `rmi`: `Untagged:` and `Deleted:` lines. There are no untagged parents that `--no-prune` would keep. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const force = parsed.bool('force')
  return await forEachOperand(context, parsed.operands, async (operand) => {
    const users = listImageUsers(context.engine)
    for (const line of await removeImage(context.engine, operand, { force, users })) {
      context.print(line)
    }
  })
}
