import { findContainer } from '../../lib/container/catalog.ts'
import { waitContainer } from '../../lib/container/stop.ts'
import type { Context } from '../context.ts'
import { forEach } from '../each.ts'
import type { Parsed } from '../parse.ts'

/** `wait`: the exit code of each container, once it has one. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const { data, runtime } = context.engine.paths
  return await forEach(context, parsed.operands, async (text) =>
    String(await waitContainer(runtime, findContainer(data, text), text)),
  )
}
