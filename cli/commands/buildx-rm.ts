import {
  type Builder,
  DEFAULT_BUILDER,
  findBuilder,
  removeBuilder,
} from '../../lib/build/builders.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { withoutDaemon } from '../client-error.ts'
import type { Context } from '../context.ts'
import { confirm } from '../output/confirm.ts'
import type { Parsed } from '../parse.ts'

/** `buildx rm`: builders are forgotten. The cache, which all of them share, stays. */
export const run = (context: Context, parsed: Parsed): Promise<number> =>
  withoutDaemon(() => {
    if (parsed.bool('all-inactive')) return removeInactive(parsed)
    const names = parsed.operands.length > 0 ? parsed.operands : [parsed.string('builder') ?? '']
    let failed = false
    for (const name of names) failed = !remove(context, name) || failed
    if (failed) throw new LighterError('usage', 'failed to remove one or more builders')
    return 0
  }, 'ERROR: ')

/** None is: a builder runs whenever it is asked. */
function removeInactive(parsed: Parsed): number {
  if (parsed.operands.length > 0) {
    throw new LighterError('usage', 'cannot specify builder name when --all-inactive is set')
  }
  if (!parsed.bool('force')) confirm(WARNING)
  return 0
}

const WARNING =
  'WARNING! This will remove all builders that are not in running state. Are you sure you want to continue?'

function remove(context: Context, name: string): boolean {
  const { data } = context.engine.paths
  try {
    const builder: Builder = findBuilder(data, name || DEFAULT_BUILDER)
    if (builder.name === DEFAULT_BUILDER) {
      throw new LighterError(
        'usage',
        'context builder cannot be removed, run `docker context rm default` to remove this context',
      )
    }
    removeBuilder(data, builder.name)
    context.warn(`${name} removed`)
    return true
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    context.warn(`failed to remove ${name}: ${error.message}`)
    return false
  }
}
