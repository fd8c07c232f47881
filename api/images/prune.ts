import { readPruneFilter } from '../../lib/container/prune-filter.ts'
import { parseDangling } from '../../lib/core/dangling.ts'
import { pruneImages } from '../../lib/housekeeping/prune.ts'
import type { Call } from '../http/call.ts'
import { deletion } from './remove.ts'

/** `POST /images/prune`: those without a tag, or with `dangling=false` all that no container has. */
export async function prune({ engine, query, reply }: Call): Promise<void> {
  const { dangling, rest } = splitDangling(query.filters())
  const filter = readPruneFilter(rest)
  const { deleted, reclaimed } = await pruneImages(engine, filter, !dangling)
  reply.json({
    ImagesDeleted: deleted.length > 0 ? deleted.map(deletion) : null,
    SpaceReclaimed: reclaimed,
  })
}

function splitDangling(filters: Map<string, string[]>) {
  const values = filters.get('dangling')
  const rest = new Map([...filters].filter(([name]) => name !== 'dangling'))
  return { dangling: values === undefined || parseDangling(values), rest }
}
