import { type Container, findContainer, stateOf } from '../../lib/container/catalog.ts'
import { removeContainer } from '../../lib/container/remove.ts'
import { startInBackground } from '../../lib/container/start.ts'
import { isLive } from '../../lib/container/state.ts'
import { LighterError } from '../../lib/core/errors.ts'
import type { Call } from '../http/call.ts'
import { ApiError, badRequest } from '../http/errors.ts'

/** `POST /containers/:id/start`: returns once its process runs. Who waits for that is connected to it first. */
export async function start({ service, engine, params, query, reply }: Call): Promise<void> {
  const name = params.id ?? ''
  if (query.text('checkpoint') !== '') {
    throw badRequest('checkpoint is only supported in experimental mode')
  }
  const container = findContainer(engine.paths.data, name)
  const state = stateOf(container, name)
  if (state.status === 'running' && state.paused) {
    throw new ApiError(409, 'cannot start a paused container, try unpause instead')
  }
  if (isLive(state)) throw new ApiError(304, '')
  const { id, host } = container.record
  if (host.autoRemove) service.throwaways.add(id)
  try {
    await startInBackground(engine, container, () => service.startups.early(id))
  } catch (error) {
    service.startups.failed(id)
    throw await failure({ service, engine }, container, error)
  }
  reply.empty()
}

/** What is answered where a start failed. A throwaway goes with that. */
async function failure(
  { engine, service }: Pick<Call, 'engine' | 'service'>,
  container: Container,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof LighterError) || error.code === 'no-such-container') return error
  if (container.record.host.autoRemove) {
    await removeContainer(engine, container, { force: true, volumes: true }).catch((trouble) =>
      service.log(`remove ${container.record.id}: ${(trouble as Error).message}`),
    )
  }
  if (error.code !== 'native' && error.code !== 'start-failed') return error
  const { startFailureCode } = await import('../../lib/container/failed-start.ts')
  return new LighterError(startFailureCode(error.message), error.message, { cause: error })
}
