import { findContainer, findId } from '../../lib/container/catalog.ts'
import { pruneContainers } from '../../lib/container/prune.ts'
import { readPruneFilter } from '../../lib/container/prune-filter.ts'
import { removeContainer, removeDamaged } from '../../lib/container/remove.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { collectTrees } from '../../lib/image/leftovers.ts'
import type { Call } from '../http/call.ts'

/** `DELETE /containers/{id}`: what crashes left goes with it. */
export async function remove({ engine, params, query, reply }: Call): Promise<void> {
  const { data } = engine.paths
  const name = params.id ?? ''
  const options = { force: query.bool('force'), volumes: query.bool('v') }
  try {
    const container = findContainer(data, name)
    if (query.bool('link')) throw defaultLink()
    await removeContainer(engine, container, options, name)
  } catch (error) {
    const damaged = error instanceof LighterError && error.code === 'damaged-container'
    const id = damaged && options.force ? findId(data, name) : undefined
    if (id === undefined) throw error
    await removeDamaged(engine, id)
  }
  await collectTrees(engine)
  reply.empty()
}

/** There are no links between containers: only the container's own name can be meant, and that cannot go. */
const defaultLink = (): LighterError =>
  new LighterError('conflict', 'Conflict, cannot remove the default link name of the container')

/** `POST /containers/prune` */
export async function prune({ engine, query, reply }: Call): Promise<void> {
  const { deleted, reclaimed } = await pruneContainers(engine, readPruneFilter(query.filters()))
  reply.json({ ContainersDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: reclaimed })
}
