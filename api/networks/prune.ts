import { readPruneFilter } from '../../lib/container/prune-filter.ts'
import { pruneNetworks } from '../../lib/housekeeping/networks.ts'
import type { Call } from '../http/call.ts'

/** `POST /networks/prune`. */
export async function prune({ engine, query, reply }: Call): Promise<void> {
  const deleted = pruneNetworks(engine.paths.data, readPruneFilter(query.filters()))
  reply.json({ NetworksDeleted: deleted.length > 0 ? deleted : null })
}
