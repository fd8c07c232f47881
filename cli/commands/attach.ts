import { findWithState, nameInAddress } from '../../lib/container/catalog.ts'
import { recordContainerEvent } from '../../lib/container/events.ts'
import { logDriver } from '../../lib/container/log-config.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { attachArguments, handOver } from '../../lib/runtime/handover.ts'
import type { Context } from '../context.ts'
import { findDetachKeys } from '../detach-keys.ts'
import type { Parsed } from '../parse.ts'
import { DAEMON } from '../report.ts'

/** `attach`: becomes a client of a running container. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const { engine } = context
  const [text = ''] = parsed.operands
  const container = findWithState(engine.paths.data, text)
  const { state } = container
  const { config } = container.record
  if (state.status === 'restarting') {
    throw new LighterError(
      'usage',
      'You cannot attach to a restarting container, wait until it is running',
    )
  }
  if (state.status === 'running' && state.paused) {
    throw new LighterError('usage', 'You cannot attach to a paused container, unpause it first')
  }
  if (state.status !== 'running') {
    throw new LighterError('usage', 'You cannot attach to a stopped container, start it first')
  }
  if (logDriver(container.record.host.logConfig) === 'passthrough') {
    throw new LighterError(
      'usage',
      "this container is using the 'passthrough' log driver, cannot attach",
    )
  }
  const stdin = config.openStdin && !parsed.bool('no-stdin')
  if (stdin && config.tty && !process.stdin.isTTY) {
    throw new LighterError('usage', 'the input device is not a TTY')
  }
  const detachKeys = await findDetachKeys(context, parsed, stdin && config.tty)
  recordContainerEvent(engine.paths.data, container.record, 'attach')
  handOver(engine.native().program, [
    'attach',
    '--container',
    container.directory,
    '--name',
    nameInAddress(text),
    ...attachArguments({
      stdin,
      stdout: true,
      stderr: true,
      detachKeys,
      sigProxy: parsed.bool('sig-proxy') && !config.tty,
      errorPrefix: DAEMON,
      failureCode: 1,
    }),
  ])
}
