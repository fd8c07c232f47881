import { shortInstant } from '../core/instant.ts'
import { sortMembers } from '../core/labels.ts'
import { type AddressPool, findNetwork, type NetworkRecord } from '../network/record.ts'
import { listContainers } from './catalog.ts'
import { endpointsOf } from './endpoints.ts'
import { endpointId } from './inspect-networks.ts'

/** The document that `inspect` shows for a network, in the shape of Docker 26. Throws `no-such-network`. */
export function inspectNetwork(data: string, text: string): Record<string, unknown> {
  const network = findNetwork(data, text)
  return describeNetwork(network, membersOf(data, network))
}

/** The same without a look at containers: they are `members`, by their ids. */
export function describeNetwork(
  network: NetworkRecord,
  members: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    Name: network.name,
    Id: network.id,
    Created: shortInstant(network.createdAt),
    Scope: 'local',
    Driver: network.driver,
    EnableIPv6: network.ipv6,
    IPAM: {
      Driver: 'default',
      Options: network.ipamOptions,
      Config: network.pools.length > 0 ? network.pools.map(inspectPool) : null,
    },
    Internal: network.internal,
    Attachable: network.attachable,
    Ingress: false,
    ConfigFrom: { Network: network.configFrom },
    ConfigOnly: network.configOnly,
    Containers: members,
    Options: sortMembers(network.options),
    Labels: sortMembers(network.labels),
  }
}

const inspectPool = ({ subnet, ipRange, gateway, auxiliary }: AddressPool): object => ({
  Subnet: subnet,
  ...(ipRange === undefined ? {} : { IPRange: ipRange }),
  ...(gateway === undefined ? {} : { Gateway: gateway }),
  ...(auxiliary === undefined ? {} : { AuxiliaryAddresses: sortMembers(auxiliary) }),
})

/** The running containers on it. */
function membersOf(data: string, { id: networkId }: NetworkRecord): Record<string, unknown> {
  const found = listContainers(data).flatMap(({ record, state }) => {
    if (state.status !== 'running') return []
    if (!endpointsOf(data, record).some((endpoint) => endpoint.networkId === networkId)) return []
    const address = state.networks.find(({ id }) => id === networkId)
    const member = {
      Name: record.name,
      EndpointID: endpointId(record.id, networkId),
      MacAddress: address?.mac ?? '',
      IPv4Address: address ? `${address.address}/${address.prefix}` : '',
      IPv6Address: address?.address6 ? `${address.address6}/${address.prefix6}` : '',
    }
    return [[record.id, member] as const]
  })
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)))
}
