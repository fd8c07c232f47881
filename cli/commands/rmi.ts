import { sweepAbandoned } from '../../lib/container/abandoned.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { removeImage } from '../../lib/image/remove.ts'
import { listImageUsers } from '../../lib/image/users.ts'
import type { Context } from '../context.ts'
import { forEach } from '../each.ts'
import type { Parsed } from '../parse.ts'
import { describeError } from '../report.ts'

/** `rmi`: `Untagged:` and `Deleted:` lines. There are no untagged parents that `--no-prune` would keep. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const force = parsed.bool('force')
  await sweepAbandoned(context.engine)
  return await forEach(
    context,
    parsed.operands,
    async (operand) => {
      const users = listImageUsers(context.engine)
      try {
        return await removeImage(context.engine, operand, {
          force,
          users,
          platforms: parsed.list('platform'),
        })
      } catch (error) {
        const gone = error instanceof LighterError && error.code === 'no-such-image'
        if (!force || !gone) throw error
        // Scripts clean up with -f: that there is nothing to clean is said and is no failure.
        context.warn(describeError(error))
        return []
      }
    },
    { oneByOne: true },
  )
}
