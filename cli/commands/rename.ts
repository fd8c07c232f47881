import { findContainer } from '../../lib/container/catalog.ts'
import { renameContainer } from '../../lib/container/rename.ts'
import { LighterError } from '../../lib/core/errors.ts'
import type { Context } from '../context.ts'
import type { Parsed } from '../parse.ts'
import { describeError } from '../report.ts'

/** `rename CONTAINER NEW_NAME`: silent. */
export async function run({ engine, warn }: Context, parsed: Parsed): Promise<number> {
  const [container, name] = parsed.operands.map((text) => text.trim())
  if (!container || !name) {
    throw new LighterError('usage', 'Error: Neither old nor new names may be empty')
  }
  try {
    await renameContainer(engine, findContainer(engine.paths.data, container), name)
    return 0
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    warn(describeError(error))
    warn(`Error: failed to rename container named ${container}`)
    return 1
  }
}
