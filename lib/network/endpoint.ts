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
import { interfacePrefix, isIsolated, mtuOf, wishedBridge } from './driver-options.ts'
import { DEFAULT_BRIDGE, MTU, PREDEFINED_IDS, UPLINK_SUBNET } from './network.ts'
import { type AddressPool, findNetwork, lookUpNetwork, type NetworkRecord } from './record.ts'

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
  /** Beside the addresses of the network. */
  linkLocal?: string[]
  /** The highest one has the default route; absent: 0. */
  gwPriority?: number
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
  const taken = new Set<string>()
  const all = endpoints.map((endpoint) => ({
    network: findNetwork(data, endpoint.networkId || endpoint.network),
    endpoint,
  }))
  const plans = inOrder(all).map(({ network, endpoint }) => {
    const own = freeInterface(network, taken)
    taken.add(own)
    return planEndpoint(network, endpoint, { interface: own, names: names(endpoint) })
  })
  const out = plans.find(({ internal }) => !internal)
  if (out) out.route = true
  return plans
}

/** The first name that no interface of the container has. */
export function freeInterface({ options }: NetworkRecord, taken: ReadonlySet<string>): string {
  const prefix = interfacePrefix(options)
  for (let at = 0; ; at++) if (!taken.has(`${prefix}${at}`)) return `${prefix}${at}`
}

/** The network that has the default route; `undefined`: none of those that are there leads out. */
export function findWayOut(
  data: string,
  endpoints: readonly Endpoint[],
): NetworkRecord | undefined {
  const there = endpoints.flatMap((endpoint) => {
    const network = lookUpNetwork(data, endpoint.networkId || endpoint.network)
    return network ? [{ network, endpoint }] : []
  })
  return inOrder(there).find(({ network }) => !network.internal)?.network
}

interface Placed {
  network: NetworkRecord
  endpoint: Endpoint
}

/** Those with addresses, in Docker's order: what leads out first, then by priority, then by name, whatever order the user gave. */
function inOrder(endpoints: readonly Placed[]): Placed[] {
  return endpoints
    .filter(({ network }) => !network.predefined || network.driver === 'bridge')
    .sort(
      (a, b) =>
        Number(a.network.internal) - Number(b.network.internal) ||
        (b.endpoint.gwPriority ?? 0) - (a.endpoint.gwPriority ?? 0) ||
        (a.network.name < b.network.name ? -1 : 1),
    )
}

/** What the native program must know of a network and of a container's wishes on it. Throws Docker's sentences. */
export function planEndpoint(
  network: NetworkRecord,
  endpoint: Endpoint,
  own: { interface: string; names: string[] },
): EndpointPlan {
  checkWishes(network, endpoint)
  const { linkLocal = [] } = endpoint
  const wrong = linkLocal.find((text) => !isLinkLocal(text))
  if (wrong !== undefined) throw bad(`invalid link local IP address: ${wrong}`)
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
    reserved: network.pools.flatMap(({ auxiliary = {} }) => Object.values(auxiliary)),
    ...(linkLocal.length > 0 ? { linkLocal } : {}),
    mtu: mtuOf(network.options),
    internal: network.internal,
    isolated: isIsolated(network.options),
    route: false,
  }
}

function ipv6Fields(
  { pools }: NetworkRecord,
  { ipv6 }: Endpoint,
): Pick<EndpointPlan, 'subnet6' | 'gateway6' | 'address6' | 'range6'> {
  const pool = pools.find(({ subnet }) => parseCidr(subnet)?.family === 6)
  if (!pool) return {}
  return {
    subnet6: pool.subnet,
    gateway6: gatewayOf(pool),
    ...(pool.ipRange ? { range6: pool.ipRange } : {}),
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

/** The link in the containers' shared namespace that is the network. */
export function bridgeName({ id, predefined, options }: NetworkRecord): string {
  if (predefined) return DEFAULT_BRIDGE.bridge
  return wishedBridge(options) ?? `l${id.slice(0, 12)}`
}

function isOfUplink(text: string): boolean {
  const [uplink, address] = [parseCidr(UPLINK_SUBNET), parseAddress(text)]
  return uplink !== undefined && address !== undefined && contains(uplink, address)
}

const LINK_LOCAL = ['169.254.0.0/16', 'fe80::/10']

function isLinkLocal(text: string): boolean {
  const address = parseAddress(text)
  return LINK_LOCAL.map(parseCidr).some((range) => range && address && contains(range, address))
}

/** Throws Docker's sentences for addresses that the network does not give; `about` stands before them. */
export function checkWishes(network: NetworkRecord, endpoint: Endpoint, about = ''): void {
  const { ipv4, ipv6, linkLocal } = endpoint
  const wished = ipv4 !== undefined || ipv6 !== undefined
  const faults = [
    ...(network.predefined && wished
      ? ['user specified IP address is supported on user defined networks only']
      : []),
    ...(network.predefined && endpoint.aliases.length > 0
      ? ['network-scoped alias is supported only for containers in user defined networks']
      : []),
    ...addressFaults({ ip: ipv4 ?? '', ip6: ipv6 ?? '', linkLocal: linkLocal ?? [] }),
    ...(ipv4 !== undefined && isOfUplink(ipv4)
      ? [`${ipv4} is an address of ${UPLINK_SUBNET}, where containers reach the outside`]
      : []),
    ...rangeFaults(network, 4, ipv4),
    ...rangeFaults(network, 6, ipv6),
  ]
  if (faults.length > 0) throw bad(`${about}${invalidSettings(faults)}`)
}

/** Docker's way to list what is wrong. */
export function invalidSettings(faults: readonly string[]): string {
  const list = faults.length === 1 ? faults : faults.map((fault) => `* ${fault}`)
  return `invalid endpoint settings:\n${list.join('\n')}`
}

/** Texts that are no addresses; empty: none is wished. */
export function addressFaults(wished: { ip: string; ip6: string; linkLocal: string[] }): string[] {
  const { ip, ip6, linkLocal } = wished
  const family = (text: string) => parseAddress(text)?.family
  return [
    ...(ip && family(ip) !== 4 ? [`invalid IPv4 address: ${ip}`] : []),
    ...(ip6 && family(ip6) !== 6 ? [`invalid IPv6 address: ${ip6}`] : []),
    ...linkLocal
      .filter((text) => family(text) === undefined)
      .map((text) => `invalid link-local IP address: ${text}`),
  ]
}

function rangeFaults(network: NetworkRecord, family: 4 | 6, text: string | undefined): string[] {
  if (text === undefined) return []
  const address = parseAddress(text)
  const chosen = network.pools.filter(
    ({ subnet, automatic }) =>
      !network.predefined && !automatic && parseCidr(subnet)?.family === family,
  )
  if (chosen.length === 0) {
    return [
      'user specified IP address is supported only when connecting to networks with user configured subnets',
    ]
  }
  const ranges = chosen.flatMap(({ subnet, ipRange }) => [subnet, ...(ipRange ? [ipRange] : [])])
  const isHeld = ranges.map(parseCidr).some((range) => range && address && contains(range, address))
  return isHeld ? [] : [`no configured subnet or ip-range contain the IP address ${text}`]
}
