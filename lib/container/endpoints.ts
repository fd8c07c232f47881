import { shortId } from '../core/ids.ts'
import { defaultEndpoint, type Endpoint, planEndpoints } from '../network/endpoint.ts'
import { isOwnNetwork } from '../network/network.ts'
import { predefinedNetworks } from '../network/record.ts'
import type { EndpointPlan } from '../runtime/plan.ts'
import type { ContainerRecord } from './record.ts'

/** The networks a container is on, or will be when it runs, with their ids. */
export function endpointsOf(data: string, { host, networks }: ContainerRecord): Endpoint[] {
  if (networks) return networks
  const own = predefinedNetworks(data).find(({ name }) => name === host.networkMode)
  return own ? [{ network: own.name, networkId: own.id, aliases: [], links: [] }] : []
}

/** The same for the native program; most containers are on the default network alone. */
export function planContainerEndpoints(data: string, record: ContainerRecord): EndpointPlan[] {
  const { networks, host } = record
  if (networks) return planEndpoints(data, networks, (endpoint) => namesOn(record, endpoint))
  return host.networkMode === 'bridge' ? [defaultEndpoint()] : []
}

/** What others on a network of the user's call it. */
export const namesOn = (record: ContainerRecord, { aliases }: Endpoint): string[] => [
  ...new Set([record.name, ...aliases, shortId(record.id), ...hostnames(record)]),
]

/** Docker serves the hostname too, where it is not made from the id. */
function hostnames({ config, id, host }: ContainerRecord): string[] {
  const own = config.hostname
  return own !== '' && own !== shortId(id) && isOwnNetwork(host.networkMode) ? [own] : []
}
