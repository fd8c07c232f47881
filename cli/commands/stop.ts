import { findContainer } from '../../lib/container/catalog.ts'
import { stopContainer } from '../../lib/container/stop.ts'
import type { Context } from '../context.ts'
import { forEach } from '../each.ts'
import type { Parsed } from '../parse.ts'

/** `stop`: all containers at once. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const { paths } = context.engine
  const options = { signal: parsed.string('signal') || undefined, timeout: parsed.int('time') }
  return await forEach(context, parsed.operands, async (text) => {
    await stopContainer(paths, findContainer(paths.data, text), options, text)
    return text
  })
}
