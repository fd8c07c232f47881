import { findContainer, findId } from '../../lib/container/catalog.ts'
import { removeContainer, removeDamaged } from '../../lib/container/remove.ts'
import { LighterError } from '../../lib/core/errors.ts'
import type { Context } from '../context.ts'
import { forEach } from '../each.ts'
import type { Parsed } from '../parse.ts'

/** `rm`: with `-f`, what is not there is said and is no failure. What crashes left goes with it. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const { engine } = context
  const options = { force: parsed.bool('force'), volumes: parsed.bool('volumes') }
  if (parsed.bool('link'))
    return await forEach(context, parsed.operands, async (text) => removeLink(context, text))
  let missing = 0
  const code = await forEach(context, parsed.operands, async (text) => {
    try {
      if (text === '') throw new LighterError('usage', 'Container name cannot be empty')
      await removeContainer(engine, findContainer(engine.paths.data, text), options, text)
      return text
    } catch (error) {
      const damaged = error instanceof LighterError && error.code === 'damaged-container'
      const id = damaged && options.force ? findId(engine.paths.data, text) : undefined
      if (id !== undefined) {
        await removeDamaged(engine, id)
        return text
      }
      const gone = error instanceof LighterError && error.code === 'no-such-container'
      if (!gone || !options.force) missing++
      throw error
    }
  })
  const { collectTrees } = await import('../../lib/image/leftovers.ts')
  await collectTrees(engine)
  return missing === 0 ? 0 : code
}

/** There are no links between containers: only the container's own name can be meant, and that cannot go. */
function removeLink({ engine }: Context, text: string): never {
  findContainer(engine.paths.data, text)
  throw new LighterError(
    'conflict',
    'Conflict, cannot remove the default link name of the container',
  )
}
