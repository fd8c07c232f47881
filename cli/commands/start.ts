import { findContainer, nameInAddress, stateOf } from '../../lib/container/catalog.ts'
import { recordContainerEvent } from '../../lib/container/events.ts'
import { prepareStart, startArguments, startInBackground } from '../../lib/container/start.ts'
import { type ContainerState, isLive } from '../../lib/container/state.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { attachArguments, handOver } from '../../lib/runtime/handover.ts'
import type { Context } from '../context.ts'
import { findDetachKeys } from '../detach-keys.ts'
import type { Parsed } from '../parse.ts'
import { DAEMON, describeError } from '../report.ts'

/** `start`: in the background, or becoming the attached client of one container. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  for (const flag of ['checkpoint', 'checkpoint-dir']) {
    if (parsed.given(flag)) {
      throw new LighterError(
        'usage',
        `"--${flag}" is only supported on a Docker daemon with experimental features enabled`,
      )
    }
  }
  if (parsed.bool('attach') || parsed.bool('interactive'))
    return await startAttached(context, parsed)
  const failed: string[] = []
  for (const text of parsed.operands) {
    try {
      await start(context, text)
      context.print(text)
    } catch (error) {
      if (!(error instanceof LighterError)) throw error
      context.warn(describeError(error))
      failed.push(text)
    }
  }
  if (failed.length > 0) context.warn(`Error: failed to start containers: ${failed.join(', ')}`)
  return failed.length > 0 ? 1 : 0
}

async function start({ engine }: Context, text: string): Promise<void> {
  const container = findContainer(engine.paths.data, text)
  const state = stateOf(container, text)
  if (isPaused(state)) throw startPaused()
  if (isLive(state)) return
  try {
    await startInBackground(engine, container)
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    throw new LighterError(error.code, `${DAEMON}${error.message}`, { cause: error })
  }
}

const isPaused = (state: ContainerState): boolean => state.status === 'running' && state.paused

const startPaused = (): LighterError =>
  new LighterError('conflict', 'cannot start a paused container, try unpause instead')

async function startAttached(context: Context, parsed: Parsed): Promise<number> {
  const { engine } = context
  const [text = '', ...more] = parsed.operands
  if (more.length > 0) {
    throw new LighterError('usage', 'you cannot start and attach multiple containers at once')
  }
  const container = findContainer(engine.paths.data, text)
  const { config } = container.record
  const stdin = parsed.bool('interactive') && config.openStdin
  if (stdin && config.tty && !process.stdin.isTTY) {
    throw new LighterError('usage', 'the input device is not a TTY')
  }
  const options = attachArguments({
    stdin,
    stdout: true,
    stderr: true,
    detachKeys: await findDetachKeys(context, parsed, stdin && config.tty),
    sigProxy: !config.tty,
    errorPrefix: DAEMON,
    failureCode: 1,
  })
  const state = stateOf(container, text)
  if (isPaused(state)) throw startPaused()
  const way = isLive(state)
    ? ['attach', '--container', container.directory, '--name', nameInAddress(text)]
    : ['run', ...startArguments(await prepareStart(engine, container))]
  recordContainerEvent(engine.paths.data, container.record, 'attach')
  handOver(engine.native().program, [...way, ...options])
}
