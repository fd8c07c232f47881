import { parseTimeFilter } from '../../lib/container/prune-filter.ts'
import type { Digest } from '../../lib/core/ids.ts'
import type { Engine } from '../../lib/engine.ts'
import { filterImages } from '../../lib/image/filter.ts'
import { listImages } from '../../lib/image/list.ts'
import { atLeast } from '../http/api-version.ts'
import type { Call } from '../http/call.ts'
import { summarise } from './summary.ts'

/** `GET /images/json`: what is here, one document per image. There are no intermediate images: `all` shows the same. */
export async function list({ engine, version, query, reply }: Call): Promise<void> {
  const filters = query.filters()
  // Before there were filters there was one.
  const pattern = atLeast(version, 41) ? '' : query.text('filter')
  if (pattern !== '') filters.set('reference', [...(filters.get('reference') ?? []), pattern])
  const parseTime = (text: string) => Number(parseTimeFilter(text) / 1_000_000n)
  const rows = filterImages(engine, listImages(engine), filters, parseTime)
  const asksShared = atLeast(version, 42) && query.bool('shared-size')
  reply.json(
    summarise(engine, rows, {
      version,
      manifests: atLeast(version, 47) && query.bool('manifests'),
      ...(asksShared ? { shared: await sharedSizes(engine) } : {}),
    }),
  )
}

async function sharedSizes(engine: Engine): Promise<Map<Digest, number>> {
  const { measureImages } = await import('../../lib/housekeeping/usage.ts')
  return new Map(measureImages(engine, []).images.map(({ id, shared }) => [id, shared]))
}
