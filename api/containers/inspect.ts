import { findWithState } from '../../lib/container/catalog.ts'
import { inspectContainer, withSizes } from '../../lib/container/inspect.ts'
import type { Call } from '../http/call.ts'
import { newerMembers } from './newer.ts'

/** `GET /containers/{id}/json` */
export async function inspect({ engine, version, params, query, reply }: Call): Promise<void> {
  const container = findWithState(engine.paths.data, params.id ?? '')
  const document = newerMembers(engine, version)(
    inspectContainer(engine.stores, container),
    container.record.imageId,
  )
  if (!query.bool('size')) {
    reply.json(document)
    return
  }
  const { measureContainers } = await import('../../lib/container/size.ts')
  const [size = { own: 0, total: 0 }] = await measureContainers(engine, [container])
  reply.json(withSizes(document, size))
}
