import { chooseVolumes } from '../../lib/housekeeping/list-volumes.ts'
import { describeListed, inspectVolume } from '../../lib/volume/inspect.ts'
import type { Call } from '../http/call.ts'

/** `GET /volumes`: those that pass the filters. */
export async function list({ engine, query, reply }: Call): Promise<void> {
  const volumes = await chooseVolumes(engine.paths, query.filters())
  reply.json({
    Volumes: volumes.map((volume) => describeListed(engine.paths.data, volume)),
    Warnings: null,
  })
}

/** `GET /volumes/{name}`. */
export async function inspect({ engine, params, reply }: Call): Promise<void> {
  reply.json(await inspectVolume(engine.paths, params.name ?? ''))
}
