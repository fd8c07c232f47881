import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { LighterError } from '../core/errors.ts'
import type { Engine } from '../engine.ts'
import type { EarlyClient } from '../runtime/handover.ts'
import { type Container, type ContainerWithState, listContainers } from './catalog.ts'
import { recordContainerEvent } from './events.ts'
import { startInBackground } from './start.ts'
import { type StopOptions, stopContainer } from './stop.ts'

/**
 * Ends a container, where it runs, and starts it in the background. `name`: what the user calls it; `early`: as of `startInBackground`.
 * Throws what kept it from that.
 */
export async function restartContainer(
  engine: Engine,
  container: Container,
  options: StopOptions,
  name: string,
  early?: () => readonly EarlyClient[],
): Promise<void> {
  try {
    await stopContainer(engine.paths, container, options, name)
    await startInBackground(engine, container, early)
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    const message = `Cannot restart container ${name}: ${error.message}`
    throw new LighterError(error.code, message, { cause: error })
  }
  recordContainerEvent(engine.paths.data, container.record, 'restart')
}

/** What the monitor writes when the user asked for the end; native/src/monitor_start.h. */
const STOPPED_MARK = 'stopped'

/** Whether its policy wants a container to run after the machine, or the session, began anew. */
export function startsAtBoot({ record, directory, state }: ContainerWithState): boolean {
  const { name, maximumRetryCount } = record.host.restartPolicy ?? {
    name: 'no' as const,
    maximumRetryCount: 0,
  }
  if (state.status !== 'exited') return false
  switch (name) {
    case 'always':
      return true
    case 'unless-stopped':
      return !existsSync(join(directory, STOPPED_MARK))
    case 'on-failure':
      return (
        state.exitCode !== 0 &&
        !existsSync(join(directory, STOPPED_MARK)) &&
        (maximumRetryCount === 0 || state.restartCount < maximumRetryCount)
      )
    case 'no':
      return false
  }
}

/** A container that could not be started, and why. */
export interface BootFailure {
  container: Container
  error: unknown
}

/** Starts every container whose policy wants it, the oldest first. One that fails keeps no other from its turn. */
export async function bootContainers(
  engine: Engine,
): Promise<{ started: Container[]; failed: BootFailure[] }> {
  const wanted = listContainers(engine.paths.data).filter(startsAtBoot).reverse()
  const started: Container[] = []
  const failed: BootFailure[] = []
  for (const container of wanted) {
    try {
      await startInBackground(engine, container)
      started.push(container)
    } catch (error) {
      failed.push({ container, error })
    }
  }
  return { started, failed }
}
