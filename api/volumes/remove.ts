import { removeVolume } from '../../lib/housekeeping/volumes.ts'
import type { Call } from '../http/call.ts'

/** `DELETE /volumes/{name}`; with `force` one that is not there is no failure. */
export async function remove({ engine, params, query, reply }: Call): Promise<void> {
  await removeVolume(engine, params.name ?? '', query.bool('force'))
  reply.empty()
}
