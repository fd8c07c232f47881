import { chooseVolumes } from '../../lib/housekeeping/list-volumes.ts'
import { describeListed, inspectVolume } from '../../lib/volume/inspect.ts'
import type { Call } from '../http/call.ts'
import { badRequest } from '../http/errors.ts'
import type { Query } from '../http/query.ts'

/** `GET /volumes`: those that pass the filters. */
export async function list({ engine, query, reply }: Call): Promise<void> {
  const volumes = await chooseVolumes(engine.paths, filtersOf(query))
  reply.json({
    Volumes: volumes.map((volume) => describeListed(engine.paths.data, volume)),
    Warnings: null,
  })
}

function filtersOf(query: Query): Map<string, string[]> {
  try {
    return query.filters()
  } catch (error) {
    throw badRequest(`error reading volume filters: ${(error as Error).message}`)
  }
}

/** `GET /volumes/{name}`. */
export async function inspect({ engine, params, reply }: Call): Promise<void> {
  reply.json(await inspectVolume(engine.paths, params.name ?? ''))
}
