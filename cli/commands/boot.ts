import { bootContainers } from '../../lib/container/restart.ts'
import { LighterError } from '../../lib/core/errors.ts'
import type { Context } from '../context.ts'
import { describeError } from '../report.ts'

/** `system boot`: starts the containers whose restart policy wants it. The names of those that it started. */
export async function run(context: Context): Promise<number> {
  const { started, failed } = await bootContainers(context.engine)
  for (const { record } of started) context.print(record.name)
  for (const { container, error } of failed) {
    if (!(error instanceof LighterError)) throw error
    context.warn(`${container.record.name}: ${describeError(error)}`)
  }
  return failed.length > 0 ? 1 : 0
}
