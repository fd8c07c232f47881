import { removeNetwork } from '../../lib/housekeeping/networks.ts'
import type { Context } from '../context.ts'
import { forEach } from '../each.ts'
import type { Parsed } from '../parse.ts'

/** `network rm`: prints each name as it was given. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const { data } = context.engine.paths
  const force = parsed.bool('force')
  return await forEach(
    context,
    parsed.operands,
    async (text) => (removeNetwork(data, text, force) ? text : []),
    { oneByOne: true },
  )
}
