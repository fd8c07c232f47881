import { LighterError } from '../lib/core/errors.ts'
import type { Context } from './context.ts'
import { describeError } from './report.ts'

export interface EachOptions {
  /** The words for a failure, where Docker has others than the usual ones. */
  describe?: (error: LighterError, text: string) => string
  /** Each step begins when the one before has ended: for steps that would be in each other's way. */
  oneByOne?: boolean
}

/**
 * Does a step for every operand and prints what it returns, in the order of the operands and as soon as it is known. One that
 * fails is reported and does not keep the others from their turn; the exit code is then 1.
 */
export async function forEach(
  context: Context,
  operands: readonly string[],
  step: (text: string) => Promise<string | string[]>,
  options: EachOptions = {},
): Promise<number> {
  const describe = options.describe ?? describeError
  const begin = options.oneByOne ? undefined : operands.map(step)
  // Whoever fails early is asked later: until then nobody listens.
  for (const begun of begin ?? []) begun.catch(() => undefined)
  let code = 0
  for (const [index, text] of operands.entries()) {
    try {
      const said = await (begin?.[index] ?? step(text))
      for (const line of [said].flat()) context.print(line)
    } catch (error) {
      if (!(error instanceof LighterError)) throw error
      code = 1
      context.warn(describe(error, text))
      if (error.hint) context.warn(error.hint)
    }
  }
  return code
}
