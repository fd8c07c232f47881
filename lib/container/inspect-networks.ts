import type { Endpoint } from '../network/endpoint.ts'
import { isOwnNetwork } from '../network/network.ts'
import { endpointsOf, namesOn } from './endpoints.ts'
import { inspectPorts } from './published.ts'
import type { ContainerRecord } from './record.ts'
import { joinedId } from './sharing.ts'
import type { ContainerAddress, ContainerState } from './state.ts'

type Document = Record<string, unknown>

/** `NetworkSettings` of the document. */
export function inspectNetworks(
  data: string,
  record: ContainerRecord,
  state: ContainerState,
): Document {
  const addresses = state.status === 'running' ? state.networks : []
  const endpoints = endpointsOf(data, record)
  const own = endpoints.find(({ network }) => network === 'bridge')
  const joined = joinedId(record.host.networkMode) !== undefined
  const first = addresses.find(({ id }) => id === '' || id === own?.networkId)
  const wished = state.status === 'created' ? own?.mac : undefined
  return {
    Bridge: '',
    ...(joined ? { SandboxID: '', SandboxKey: '' } : inspectSandbox(record, state)),
    Ports: inspectPorts(record, state),
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: first && own ? endpointId(record.id, own.networkId) : '',
    ...inspectAddress(first),
    ...(wished === undefined ? {} : { MacAddress: wished }),
    Networks: {
      // Such a mode is no network; whoever was taken off the last one has none either.
      ...(endpoints.length === 0 && record.networks === undefined && !joined
        ? { [record.host.networkMode]: inspectEndpoint(record, undefined, first) }
        : {}),
      ...Object.fromEntries(
        endpoints.map((endpoint) => [
          endpoint.network,
          inspectEndpoint(
            record,
            endpoint,
            addresses.find(({ id }) => id === endpoint.networkId),
            state.status,
          ),
        ]),
      ),
    },
  }
}

/** The network namespace: what enters it takes the key, what tells one start from the next the id. */
function inspectSandbox({ id }: ContainerRecord, state: ContainerState): Document {
  if (state.status !== 'running') return { SandboxID: '', SandboxKey: '' }
  const { pid, startTime } = state.process
  const start = pid.toString(16).padStart(8, '0') + Number(startTime).toString(16).padStart(16, '0')
  return { SandboxID: id.slice(start.length) + start, SandboxKey: `/proc/${pid}/ns/net` }
}

const inspectAddress = (found: ContainerAddress | undefined): Document => ({
  Gateway: found?.gateway ?? '',
  GlobalIPv6Address: found?.address6 ?? '',
  GlobalIPv6PrefixLen: found?.prefix6 ?? 0,
  IPAddress: found?.address ?? '',
  IPPrefixLen: found?.prefix ?? 0,
  IPv6Gateway: found?.gateway6 ?? '',
  MacAddress: found?.mac ?? '',
})

function inspectEndpoint(
  record: ContainerRecord,
  endpoint: Endpoint | undefined,
  found: ContainerAddress | undefined,
  status: ContainerState['status'] = 'created',
): Document {
  const { MacAddress, ...address } = inspectAddress(found)
  const linkLocal = filled(endpoint?.linkLocal)
  const wished = endpoint?.ipv4 !== undefined || endpoint?.ipv6 !== undefined || linkLocal !== null
  const named = endpoint !== undefined && isOwnNetwork(endpoint.network)
  // `host` and `none` have no addresses.
  const on = found || (status === 'running' && /^(host|none)$/.test(endpoint?.network ?? ''))
  return {
    IPAMConfig: wished
      ? {
          ...(endpoint?.ipv4 === undefined ? {} : { IPv4Address: endpoint.ipv4 }),
          ...(endpoint?.ipv6 === undefined ? {} : { IPv6Address: endpoint.ipv6 }),
          ...(linkLocal ? { LinkLocalIPs: linkLocal } : {}),
        }
      : null,
    Links: named ? filled(endpoint?.links) : null,
    Aliases: filled(endpoint?.aliases),
    // What was wished for, until the first start.
    MacAddress: (status === 'created' ? endpoint?.mac : undefined) ?? MacAddress,
    NetworkID: named || status !== 'created' ? (endpoint?.networkId ?? '') : '',
    EndpointID: on && endpoint ? endpointId(record.id, endpoint.networkId) : '',
    Gateway: address.Gateway,
    IPAddress: address.IPAddress,
    IPPrefixLen: address.IPPrefixLen,
    IPv6Gateway: address.IPv6Gateway,
    GlobalIPv6Address: address.GlobalIPv6Address,
    GlobalIPv6PrefixLen: address.GlobalIPv6PrefixLen,
    DriverOpts: endpoint?.driverOptions ?? null,
    // Docker 28 has it in every document, those before it in none.
    ...(endpoint?.gwPriority ? { GwPriority: endpoint.gwPriority } : {}),
    DNSNames: named && found ? namesOn(record, endpoint) : null,
  }
}

const filled = (list: string[] | undefined): string[] | null =>
  list && list.length > 0 ? list : null

/** Of a container on a network: both ids in one, the same at each look. */
export function endpointId(container: string, network: string): string {
  if (network === '') return ''
  const mixed = BigInt(`0x${container}`) ^ BigInt(`0x${network}`)
  return mixed.toString(16).padStart(64, '0')
}
