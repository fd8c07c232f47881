import { LighterError } from '../core/errors.ts'
import { type Container, stateOf } from './catalog.ts'
import { connectMonitor, endedMeanwhile, notRunning, type Places, stillRestarting } from './stop.ts'

/**
 * Stops all processes of a container where they are. `name`: what the user calls it. Throws Docker's sentences for one that cannot
 * be paused.
 */
export async function pauseContainer(
  places: Places,
  container: Container,
  name: string = container.record.name,
): Promise<void> {
  const { id } = container.record
  const state = stateOf(container, name)
  if (state.status === 'restarting') throw stillRestarting(id)
  if (state.status !== 'running') throw notRunning(id)
  if (state.paused) throw new LighterError('conflict', `Container ${id} is already paused`)
  await askMonitor(places, container, name, true)
}

/** Lets a paused container go on. */
export async function unpauseContainer(
  places: Places,
  container: Container,
  name: string = container.record.name,
): Promise<void> {
  const { id } = container.record
  const state = stateOf(container, name)
  if (state.status !== 'running' || !state.paused) {
    throw new LighterError('conflict', `Container ${id} is not paused`)
  }
  await askMonitor(places, container, name, false)
}

async function askMonitor(
  places: Places,
  container: Container,
  name: string,
  paused: boolean,
): Promise<void> {
  const state = stateOf(container, name)
  if (state.status !== 'running') throw notRunning(container.record.id)
  using control = await connectMonitor(places.runtime, container, state)
  if (!control) throw endedMeanwhile(container, name)
  try {
    await control.pause(paused)
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    if (error.code === 'not-running') throw endedMeanwhile(container, name)
    // Paused by another command, or about to start again.
    if (error.message.startsWith('Container ')) {
      throw new LighterError('conflict', error.message, { cause: error })
    }
    throw new LighterError(
      'unsupported',
      `cannot ${paused ? 'pause' : 'unpause'} container ${container.record.id}: ${error.message}`,
      { cause: error },
    )
  }
}
