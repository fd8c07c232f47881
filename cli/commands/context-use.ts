import { LighterError } from '../../lib/core/errors.ts'
import type { Context } from '../context.ts'
import { DEFAULT, findContext } from '../contexts/store.ts'
import type { Parsed } from '../parse.ts'

/** `context show`, and `context use` of what is current anyway: commands of ours speak to no other engine. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const [name] = parsed.operands
  if (name === undefined) {
    context.print(DEFAULT)
    return 0
  }
  findContext(context.engine.paths, name)
  if (name !== DEFAULT) {
    throw new LighterError(
      'usage',
      `context "${name}": commands of lighter have this user's own engine only; Docker's client is led elsewhere by DOCKER_CONTEXT=${name}`,
    )
  }
  context.print(name)
  context.warn(`Current context is now "${name}"`)
  return 0
}
