import { findContainer } from '../../lib/container/catalog.ts'
import { planView } from '../../lib/container/view.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { handOver } from '../../lib/runtime/handover.ts'
import { viewArguments } from '../../lib/runtime/view.ts'
import type { Context } from '../context.ts'
import type { Parsed } from '../parse.ts'
import { DAEMON } from '../report.ts'

/** Becomes the native program, which prints the changes as it sorts them. */
export async function run({ engine }: Context, parsed: Parsed): Promise<number> {
  const [name = ''] = parsed.operands
  if (name === '') throw new LighterError('usage', 'Container name cannot be empty')
  const container = findContainer(engine.paths.data, name)
  const view = viewArguments(await planView(engine, container))
  handOver(engine.native().program, ['diff', ...view, '--error-prefix', DAEMON])
}
