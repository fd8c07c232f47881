import { LighterError } from '../core/errors.ts'
import type { EndpointPlan } from '../runtime/plan.ts'
import {
  addressAt,
  contains,
  formatAddress,
  networkOf,
  parseAddress,
  parseCidr,
} from './address.ts'
import { DEFAULT_BRIDGE, MTU, PREDEFINED_IDS } from './network.ts'
import { type AddressPool, findNetwork, type NetworkRecord } from './record.ts'

/** What a container wants on one network. */
export interface Endpoint {
  /** As the user called it, until it was found: then its name. */
  network: string
  /** Empty: the network was not there when the container was made. */
  networkId: string
  aliases: string[]
  /** `container` or `container:alias` */
  links: string[]
  ipv4?: string
  ipv6?: string
  mac?: string
  driverOptions?: Record<string, string>
}

const bad = (message: string): LighterError => new LighterError('bad-input', message)

/** The endpoint on the network that everybody is on; it needs no look at any record. */
export const defaultEndpoint = (mac?: string): EndpointPlan => ({
  id: PREDEFINED_IDS.bridge,
  name: 'bridge',
  ...DEFAULT_BRIDGE,
  interface: 'eth0',
  reserved: [],
  names: [],
  mtu: MTU,
  internal: false,
  isolated: false,
  route: true,
  ...(mac ? { mac } : {}),
})

/** The endpoints of a container in the order of its interfaces; the first that leads out has the default route. */
export function planEndpoints(
  data: string,
  endpoints: readonly Endpoint[],
  names: (endpoint: Endpoint) => string[],
): EndpointPlan[] {
  const plans = endpoints.map((endpoint, at) =>
    planEndpoint(findNetwork(data, endpoint.networkId || endpoint.network), endpoint, {
      interface: `eth${at}`,
      names: names(endpoint),
    }),
  )
  const out = plans.find(({ internal }) => !internal)
  if (out) out.route = true
  return plans
}

/** What the native program must know of a network and of a container's wishes on it. Throws Docker's sentences. */
export function planEndpoint(
  network: NetworkRecord,
  endpoint: Endpoint,
  own: { interface: string; names: string[] },
): EndpointPlan {
  checkWishes(network, endpoint)
  const pool = ipv4Pool(network)
  const mac = endpoint.mac ? { mac: endpoint.mac } : {}
  return {
    id: network.id,
    name: network.name,
    bridge: bridgeName(network),
    subnet: pool.subnet,
    gateway: gatewayOf(pool),
    ...own,
    names: network.predefined ? [] : own.names,
    ...(endpoint.ipv4 ? { address: endpoint.ipv4 } : {}),
    ...mac,
    ...ipv6Fields(network, endpoint),
    ...(pool.ipRange ? { range: pool.ipRange } : {}),
    reserved: Object.values(pool.auxiliary ?? {}),
    mtu: Number(network.options['com.docker.network.driver.mtu'] ?? MTU),
    internal: network.internal,
    isolated: network.options['com.docker.network.bridge.enable_icc'] === 'false',
    route: false,
  }
}

function ipv6Fields(
  { pools }: NetworkRecord,
  { ipv6 }: Endpoint,
): Pick<EndpointPlan, 'subnet6' | 'gateway6' | 'address6'> {
  const pool = pools.find(({ subnet }) => parseCidr(subnet)?.family === 6)
  if (!pool) return {}
  return {
    subnet6: pool.subnet,
    gateway6: gatewayOf(pool),
    ...(ipv6 === undefined ? {} : { address6: ipv6 }),
  }
}

/** Every network has IPv4. */
function ipv4Pool({ name, pools, driver, configOnly }: NetworkRecord): AddressPool {
  const pool = pools.find(({ subnet }) => parseCidr(subnet)?.family === 4)
  if (pool && driver === 'bridge' && !configOnly) return pool
  throw bad(
    configOnly
      ? `configuration network ${JSON.stringify(name)} cannot have endpoints`
      : `network ${name} cannot be one of several`,
  )
}

/** The one that was asked for, else the first address of the range, or of the subnet. */
export function gatewayOf({ subnet, gateway, ipRange }: AddressPool): string {
  if (gateway !== undefined) return gateway
  const range = ipRange === undefined ? undefined : parseCidr(ipRange)
  const whole = parseCidr(subnet)
  if (!whole) throw new TypeError(`not a subnet: ${subnet}`)
  const first = range && networkOf(range).value > networkOf(whole).value ? range : undefined
  return formatAddress(first ? addressAt(first, 0n) : addressAt(whole, 1n))
}

function bridgeName({ id, predefined, options }: NetworkRecord): string {
  if (predefined) return DEFAULT_BRIDGE.bridge
  return options['com.docker.network.bridge.name'] ?? `l${id.slice(0, 12)}`
}

/** Throws Docker's sentences for addresses that the network does not give. */
export function checkWishes(network: NetworkRecord, { ipv4, ipv6 }: Endpoint): void {
  if (ipv4 === undefined && ipv6 === undefined) return
  const invalid = (reason: string): LighterError =>
    bad(`invalid config for network ${network.name}: invalid endpoint settings:\n${reason}`)
  if (network.predefined) {
    throw invalid('user specified IP address is supported on user defined networks only')
  }
  for (const text of [ipv4, ipv6]) {
    if (text === undefined) continue
    const address = parseAddress(text)
    const holder = network.pools.some(({ subnet, ipRange }) => {
      const ranges = [subnet, ...(ipRange ? [ipRange] : [])].map(parseCidr)
      return address && ranges.some((range) => range && contains(range, address))
    })
    if (!holder) {
      throw invalid(`no configured subnet or ip-range contain the IP address ${text}`)
    }
  }
}
