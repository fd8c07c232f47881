import { type Container, findContainer, stateOf } from '../../lib/container/catalog.ts'
import { removeContainer } from '../../lib/container/remove.ts'
import { startInBackground } from '../../lib/container/start.ts'
import { isLive } from '../../lib/container/state.ts'
import { LighterError } from '../../lib/core/errors.ts'
import type { Call } from '../http/call.ts'
import { ApiError, badRequest } from '../http/errors.ts'

/** `POST /containers/:id/start`: returns once its process runs. Who waits for that is connected to it first. */
export async function start({
  service,
  engine,
  params,
  query,
  headers,
  reply,
}: Call): Promise<void> {
  const name = params.id ?? ''
  refuseDocument(headers)
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

/** Bytes that some clients send for nothing at all. */
const NEARLY_NOTHING = 7

/** Before 1.24 a start brought settings for the host. */
function refuseDocument(headers: Call['headers']): void {
  const isLong = Number(headers['content-length'] ?? 0) > NEARLY_NOTHING
  if (!isLong && headers['transfer-encoding'] === undefined) return
  throw badRequest(
    'starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24',
  )
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
