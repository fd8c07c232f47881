import { findContainer, nameInAddress } from '../../lib/container/catalog.ts'
import { pauseContainer, unpauseContainer } from '../../lib/container/pause.ts'
import { restartContainer } from '../../lib/container/restart.ts'
import { signalNumber } from '../../lib/container/signals.ts'
import { isLive, readState } from '../../lib/container/state.ts'
import { killContainer, type StopOptions, stopContainer } from '../../lib/container/stop.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { atLeast } from '../http/api-version.ts'
import type { Call } from '../http/call.ts'

/** The container that the address names. Throws 404. */
const containerOf = ({ engine, params }: Call) => findContainer(engine.paths.data, params.id ?? '')

function stopOptions({ query, version }: Call): StopOptions {
  return {
    signal: atLeast(version, 42) ? query.text('signal') || undefined : undefined,
    timeout: query.int('t'),
  }
}

/** `POST /containers/{id}/stop`: 304 where it does not run. */
export async function stop(call: Call): Promise<void> {
  const options = stopOptions(call)
  const container = containerOf(call)
  if (!isLive(readState(container.directory))) {
    call.reply.empty(304)
    return
  }
  await call.service.stops.during(container.record.id, async () => {
    await stopContainer(call.engine.paths, container, options, call.params.id ?? '')
    call.reply.empty()
  })
}

/** `POST /containers/{id}/restart` */
export async function restart(call: Call): Promise<void> {
  const { engine, params, service } = call
  const options = stopOptions(call)
  const container = containerOf(call)
  const early = () => service.startups.early(container.record.id)
  await restartContainer(engine, container, options, params.id ?? '', early)
  call.reply.empty()
}

/** `POST /containers/{id}/kill` */
export async function kill(call: Call): Promise<void> {
  const { engine, params, query } = call
  const name = params.id ?? ''
  try {
    const number = signalNumber(query.text('signal') || 'KILL')
    await killContainer(engine.paths, containerOf(call), number, name)
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    const message = `cannot kill container: ${nameInAddress(name)}: ${error.message}`
    throw new LighterError(error.code, message, { cause: error })
  }
  call.reply.empty()
}

/** `POST /containers/{id}/pause` */
export async function pause(call: Call): Promise<void> {
  await pauseContainer(call.engine.paths, containerOf(call), call.params.id)
  call.reply.empty()
}

/** `POST /containers/{id}/unpause` */
export async function unpause(call: Call): Promise<void> {
  await unpauseContainer(call.engine.paths, containerOf(call), call.params.id)
  call.reply.empty()
}
