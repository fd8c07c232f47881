import { LighterError } from '../core/errors.ts'
import type { Engine } from '../engine.ts'
import type { Endpoint } from '../network/endpoint.ts'
import { isOwnNetwork } from '../network/network.ts'
import { lookUpNetwork } from '../network/record.ts'
import type { Container } from './catalog.ts'
import { changeContainer } from './change.ts'
import { isGone } from './endpoints.ts'
import type { ContainerRecord } from './record.ts'

/**
 * Before a start: a network that was made anew is the one of that name, and who was taken off all of them is on the one that the
 * network mode names, as with Docker. Throws `no-such-network`.
 */
export async function renewNetworks(engine: Engine, container: Container): Promise<void> {
  const { data } = engine.paths
  await changeContainer(engine, container, async (held) => {
    const { networks = [], ...record } = held.record
    if (networks.length === 0) held.save({ ...record, ...ofMode(data, record) })
    else held.save({ ...record, networks: networks.map((endpoint) => renew(data, endpoint)) })
  })
}

function renew(data: string, endpoint: Endpoint): Endpoint {
  const network = isGone(data, endpoint) ? lookUpNetwork(data, endpoint.network) : undefined
  return network ? { ...endpoint, network: network.name, networkId: network.id } : endpoint
}

/** A predefined network needs no entry. */
function ofMode(data: string, { host }: ContainerRecord): { networks?: Endpoint[] } {
  const { networkMode: mode } = host
  if (!isOwnNetwork(mode)) return {}
  const found = lookUpNetwork(data, mode)
  if (found) {
    return { networks: [{ network: found.name, networkId: found.id, aliases: [], links: [] }] }
  }
  throw new LighterError(
    'no-such-network',
    `could not find a network matching network mode ${mode}: network ${mode} not found`,
  )
}
