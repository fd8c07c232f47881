import { findContainer } from '../../lib/container/catalog.ts'
import { pauseContainer } from '../../lib/container/pause.ts'
import type { Context } from '../context.ts'
import { forEach } from '../each.ts'
import type { Parsed } from '../parse.ts'

/** `pause`: stops all processes of each container where they are. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const { paths } = context.engine
  return await forEach(context, parsed.operands, async (text) => {
    await pauseContainer(paths, findContainer(paths.data, text), text)
    return text
  })
}
