import { searchImages } from '../../lib/registry/search.ts'
import { readSearchFilter } from '../../lib/registry/search-filter.ts'
import type { Call } from '../http/call.ts'
import { badRequest } from '../http/errors.ts'
import type { Query } from '../http/query.ts'
import { anyCredentialsIn } from './credentials.ts'
import { withRegistry } from './registry-work.ts'

/** `GET /images/search`: what a registry has, as it tells it. */
export async function search(call: Call): Promise<void> {
  const { query, reply } = call
  const limit = readLimit(query)
  if (limit < 0) throw badRequest(`limit ${limit} is outside the range of [1, 100]`)
  const { filter, isEmpty } = readSearchFilter(query.filters())
  const results = isEmpty
    ? []
    : await withRegistry(call, anyCredentialsIn(call.headers), (engine) =>
        searchImages(query.text('term'), limit, filter, engine.paths),
      )
  reply.json(
    results.map(({ name, description, stars, official }) => ({
      star_count: stars,
      is_official: official,
      name,
      is_automated: false,
      description,
    })),
  )
}

function readLimit(query: Query): number {
  try {
    return query.int('limit') ?? 0
  } catch (error) {
    throw badRequest(`invalid limit specified: ${(error as Error).message}`)
  }
}
