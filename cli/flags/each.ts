import { LighterError } from '../../lib/core/errors.ts'
import type { Context } from '../context.ts'
import { describeError } from '../report.ts'

/** Does a step for every operand, all at once; each failure is said and the rest go on. The exit code. */
export async function forEach(
  context: Context,
  operands: readonly string[],
  step: (text: string) => Promise<string>,
  describe: (error: LighterError, text: string) => string = (error) => describeError(error),
): Promise<number> {
  let code = 0
  const steps = operands.map((text) => step(text))
  const settled = await Promise.allSettled(steps)
  for (const [index, result] of settled.entries()) {
    if (result.status === 'fulfilled') {
      context.print(result.value)
      continue
    }
    if (!(result.reason instanceof LighterError)) throw result.reason
    context.warn(describe(result.reason, operands[index] ?? ''))
    code = 1
  }
  return code
}
