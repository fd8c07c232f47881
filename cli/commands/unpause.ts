import { findContainer } from '../../lib/container/catalog.ts'
import { unpauseContainer } from '../../lib/container/pause.ts'
import type { Context } from '../context.ts'
import { forEach } from '../each.ts'
import type { Parsed } from '../parse.ts'

/** `unpause`: lets the processes of each container go on. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const { paths } = context.engine
  return await forEach(context, parsed.operands, async (text) => {
    await unpauseContainer(paths, findContainer(paths.data, text), text)
    return text
  })
}
