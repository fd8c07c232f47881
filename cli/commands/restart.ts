import { findContainer } from '../../lib/container/catalog.ts'
import { restartContainer } from '../../lib/container/restart.ts'
import type { Context } from '../context.ts'
import { forEach } from '../each.ts'
import type { Parsed } from '../parse.ts'

/** `restart`: ends each container and starts it again. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const { engine } = context
  const options = { signal: parsed.string('signal') || undefined, timeout: parsed.int('time') }
  return await forEach(context, parsed.operands, async (text) => {
    await restartContainer(engine, findContainer(engine.paths.data, text), options, text)
    return text
  })
}
