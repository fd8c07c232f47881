import { existsSync } from 'node:fs'
import { shortId } from '../core/ids.ts'
import { defaultEndpoint, type Endpoint, planEndpoints } from '../network/endpoint.ts'
import { effectiveMode, isBridged, isOwnNetwork } from '../network/network.ts'
import { isPredefinedId, networkDirectory, predefinedNetworks } from '../network/record.ts'
import type { BridgePlan, EndpointPlan } from '../runtime/plan.ts'
import { planLinks } from './links.ts'
import { defaultAddresses, planPorts } from './published.ts'
import type { ContainerRecord } from './record.ts'

/** The networks a container is on, or will be when it runs, with their ids. */
export function endpointsOf(data: string, { host, networks }: ContainerRecord): Endpoint[] {
  if (networks) return networks
  const own = predefinedNetworks(data).find(({ name }) => name === host.networkMode)
  return own ? [{ network: own.name, networkId: own.id, aliases: [], links: [] }] : []
}

/** Whether its network was not there when the container was made, or was removed since. */
export const isGone = (data: string, { networkId }: Endpoint): boolean =>
  networkId === '' || (!isPredefinedId(networkId) && !existsSync(networkDirectory(data, networkId)))

/** The same for the native program, with names and ports; most containers are on the default network alone. */
export function planBridges(data: string, record: ContainerRecord): BridgePlan {
  const { networks, host } = record
  if (!isBridged(effectiveMode(host.networkMode, networks))) return { endpoints: [] }
  const endpoints = networks
    ? planEndpoints(data, networks, (endpoint) => namesOn(record, endpoint)).map((plan) =>
        withWishedFamilies(record, plan),
      )
    : [defaultEndpoint()]
  const ports = planPorts(record, defaultAddresses(data, networks))
  const named = endpoints.some(({ names }) => names.length > 0)
  return {
    endpoints,
    ...(named
      ? {
          names: {
            forward: endpoints.some(({ internal }) => !internal),
            servers: host.dns ?? [],
            links: planLinks(data, networks ?? []),
          },
        }
      : {}),
    ...(ports.length > 0 ? { ports } : {}),
  }
}

/** Who switches IPv6 off in the container has no address of it, as with Docker. */
export function withWishedFamilies({ host }: ContainerRecord, plan: EndpointPlan): EndpointPlan {
  if (host.sysctls?.['net.ipv6.conf.all.disable_ipv6'] !== '1') return plan
  const { subnet6: _, gateway6: __, address6: ___, range6: ____, ...four } = plan
  return four
}

/** Whether it is on a network where containers have names. */
export const isNamed = ({ networks = [] }: ContainerRecord): boolean =>
  networks.some(({ network }) => isOwnNetwork(network))

/** What others on a network of the user's call it. */
export const namesOn = (record: ContainerRecord, { aliases }: Endpoint): string[] => [
  ...new Set([record.name, ...aliases, shortId(record.id), ...hostnames(record)]),
]

/** Docker serves the hostname too, where it is not made from the id. */
function hostnames({ config, id, host }: ContainerRecord): string[] {
  const own = config.hostname
  return own !== '' && own !== shortId(id) && isOwnNetwork(host.networkMode) ? [own] : []
}
