import { findContainer, nameInAddress } from '../../lib/container/catalog.ts'
import { signalNumber } from '../../lib/container/signals.ts'
import { killContainer } from '../../lib/container/stop.ts'
import { LighterError } from '../../lib/core/errors.ts'
import type { Context } from '../context.ts'
import { forEach } from '../each.ts'
import type { Parsed } from '../parse.ts'
import { describeError } from '../report.ts'

/** `kill`: sends a signal to the first process of each container. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const { paths } = context.engine
  const signal = parsed.string('signal') || 'KILL'
  return await forEach(
    context,
    parsed.operands,
    async (text) => {
      const number = signalNumber(signal)
      await killContainer(paths, findContainer(paths.data, text), number, text)
      return text
    },
    {
      describe: (error, text) =>
        describeError(
          new LighterError(
            error.code,
            `cannot kill container: ${nameInAddress(text)}: ${error.message}`,
          ),
        ),
    },
  )
}
