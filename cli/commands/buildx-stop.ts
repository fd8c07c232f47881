import { findBuilder } from '../../lib/build/builders.ts'
import { chooseBuilder } from '../builder.ts'
import { withoutDaemon } from '../client-error.ts'
import type { Context } from '../context.ts'
import type { Parsed } from '../parse.ts'

/** `buildx stop`: nothing of a builder runs when it does not build. */
export const run = (context: Context, parsed: Parsed): Promise<number> =>
  withoutDaemon(async () => {
    const [name] = parsed.operands
    if (name === undefined) await chooseBuilder(context, parsed)
    else findBuilder(context.engine.paths.data, name)
    return 0
  }, 'ERROR: ')
