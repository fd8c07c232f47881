import { LighterError } from '../lib/core/errors.ts'
import type { Context } from './context.ts'
import { describeError } from './report.ts'

/**
 * Does the same with every operand, in their order. One that fails is reported and does not keep the others from their
 * turn; the exit code is then 1. This is what `rm`, `stop`, `kill`, … do in Docker.
 */
export async function forEachOperand(
  context: Context,
  operands: readonly string[],
  action: (operand: string) => Promise<void>,
): Promise<number> {
  let failed = false
  for (const operand of operands) {
    try {
      await action(operand)
    } catch (error) {
      if (!(error instanceof LighterError)) throw error
      failed = true
      context.warn(describeError(error))
      if (error.hint) context.warn(error.hint)
    }
  }
  return failed ? 1 : 0
}
