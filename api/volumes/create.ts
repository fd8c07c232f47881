import { notInSwarm } from '../../lib/core/swarm.ts'
import { createVolume } from '../../lib/volume/create.ts'
import { inspectVolume } from '../../lib/volume/inspect.ts'
import type { Call } from '../http/call.ts'
import { ApiError } from '../http/errors.ts'
import { Fields } from '../http/fields.ts'

/** `POST /volumes/create`: answers with the volume that is there now. */
export async function create({ engine, body, reply }: Call): Promise<void> {
  const wanted = new Fields((await body.json('CreateOptions')) ?? {}, 'CreateOptions')
  if (wanted.has('ClusterVolumeSpec')) throw notInSwarm()
  const name = await createVolume(engine.paths, {
    name: wanted.text('Name'),
    driver: wanted.text('Driver'),
    labels: wanted.map('Labels'),
    options: wanted.map('DriverOpts'),
  })
  reply.json(await inspectVolume(engine.paths, name), 201)
}

/** `PUT /volumes/{name}`: there are no volumes of a swarm. */
export async function update(): Promise<void> {
  throw new ApiError(503, 'volume update only valid for cluster volumes, but swarm is unavailable')
}
