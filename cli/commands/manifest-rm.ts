import type { LighterError } from '../../lib/core/errors.ts'
import { forgetList } from '../../lib/manifest/remove.ts'
import { withoutDaemon } from '../client-error.ts'
import type { Context } from '../context.ts'
import { forEach } from '../each.ts'
import type { Parsed } from '../parse.ts'

/** `manifest rm`: forgets lists; nothing is said of those that were there. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const forget = async (name: string): Promise<string[]> => {
    await withoutDaemon(() => forgetList(context.engine, name))
    return []
  }
  return await forEach(context, parsed.operands, forget, {
    describe: ({ message }: LighterError) => message,
    oneByOne: true,
  })
}
