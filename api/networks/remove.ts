import { removeNetwork } from '../../lib/housekeeping/networks.ts'
import type { Call } from '../http/call.ts'

/** `DELETE /networks/{id}`. */
export async function remove({ engine, params, reply }: Call): Promise<void> {
  removeNetwork(engine.paths.data, params.name ?? '', false)
  reply.empty()
}
