import { LighterError } from '../core/errors.ts'
import { addressFaults, type Endpoint, invalidSettings } from '../network/endpoint.ts'
import { isInterfaceMac, isMac } from '../network/mac.ts'
import { isBridged, isOwnNetwork, PREDEFINED_IDS, parseNetwork } from '../network/network.ts'
import type { PortBinding } from './options.ts'
import type { Connections } from './request.ts'

/** What is asked for on one network. Texts may be empty. */
export interface NetworkWish {
  name: string
  aliases: string[]
  ip: string
  ip6: string
  mac: string
  linkLocal: string[]
  gwPriority: number
  driverOptions: Record<string, string>
  /** `container` or `container:alias` */
  links?: string[]
}

/** How a container is to be connected, each value as it was written. */
export interface ConnectionWishes {
  /** The first one says the mode; none: the default network. */
  networks: readonly NetworkWish[]
  /** These belong to the first network. */
  aliases: string[]
  links: string[]
  ip: string
  ip6: string
  mac: string
  linkLocal: string[]
  exposed: string[]
  published: PortBinding[]
  publishAll: boolean
  /** What cannot be together with some modes. */
  hostname: string
  dns: readonly string[]
  extraHosts: readonly string[]
}

const usage = (reason: string): LighterError => new LighterError('usage', reason)
const refused = (reason: string): LighterError => new LighterError('bad-input', reason)

/** How the container is connected. Throws with Docker's sentences. */
export function decideConnections(wishes: ConnectionWishes): Connections {
  const { networks, published, exposed } = wishes
  const mode = parseNetwork(networks[0]?.name ?? '')
  const mac = decideMac(wishes.mac, networks[0]?.mac ?? '')
  checkModes(wishes, mode)
  if (mode === 'host' && (published.length > 0 || wishes.publishAll)) {
    const warning =
      published.length > 0
        ? { warning: 'Published ports are discarded when using host network mode' }
        : {}
    return { mode, exposed, published: [], ...warning }
  }
  checkContainerMode(wishes, mode)
  checkPrivateMode(wishes, mode)
  if (mode === 'bridge' || mode.startsWith('container:')) checkAddresses(wishes, mode)
  const several = networks.length > 1
  const endpoints = isBridged(mode) || several ? makeEndpoints(wishes, mac) : undefined
  return { mode, exposed, published, ...(endpoints ? { networks: endpoints } : {}) }
}

function checkModes({ networks, ...first }: ConnectionWishes, mode: string): void {
  const own = isOwnNetwork(mode)
  const modes = networks.map(({ name }, at) => (at === 0 ? parseNetwork(name) : name))
  const twice = modes.find((name, at) => modes.indexOf(name) < at)
  if (twice !== undefined)
    throw usage(`network ${JSON.stringify(twice)} is specified multiple times`)
  if (networks.slice(1).some(({ name }) => name === 'default')) {
    throw refused('network default not found')
  }
  const alike = isPredefined(mode) ? isPredefined : isOwnNetwork
  if (modes.length > 1 && !modes.every(alike)) {
    throw usage(
      'conflicting options: cannot attach both user-defined and non-user-defined network-modes',
    )
  }
  const aliases = [...first.aliases, ...(networks[0]?.aliases ?? [])]
  if (!own && aliases.length > 0) {
    throw usage('network-scoped aliases are only supported for user-defined networks')
  }
  if (!own && mode !== 'bridge' && first.links.length > 0) {
    throw usage('links are only supported for user-defined networks')
  }
}

/** The flags without a network's name belong to the first one. `undefined`: the default network as it is. */
function makeEndpoints(wishes: ConnectionWishes, mac: string): Endpoint[] | undefined {
  const [first, ...others] = wishes.networks
  // Docker's client says them twice.
  const links = [...new Set([...wishes.links, ...(first?.links ?? [])])]
  const linkLocal = linkLocalOf(wishes)
  if (!first || !isOwnNetwork(parseNetwork(first.name))) {
    const { gwPriority = 0, driverOptions = {} } = first ?? {}
    const plain = [mac, links, linkLocal, others, Object.keys(driverOptions)].every(
      ({ length }) => length === 0,
    )
    if (plain && gwPriority === 0) return undefined
    const own = { name: 'bridge', aliases: [], ip: '', ip6: '', mac, linkLocal, gwPriority }
    return [
      { ...endpointOf({ ...own, driverOptions }, links), networkId: PREDEFINED_IDS.bridge },
      // Docker takes it beside the default network, to which it adds nothing.
      ...(others.length > 0 ? [NONE] : []),
    ]
  }
  const ip = oneOf('ip', wishes.ip, first.ip, 'IPv4 address')
  const ip6 = oneOf('ip6', wishes.ip6, first.ip6, 'IPv6 address')
  const { aliases } = wishes
  if (aliases.length > 0 && first.aliases.length > 0) {
    throw usage('conflicting options: cannot specify both --network-alias and per-network alias')
  }
  const merged = { ...first, ip, ip6, mac, linkLocal, aliases: [...first.aliases, ...aliases] }
  return [endpointOf(merged, links), ...others.map((wish) => endpointOf(wish, wish.links ?? []))]
}

const NONE: Endpoint = { network: 'none', networkId: PREDEFINED_IDS.none, aliases: [], links: [] }

/** Networks of the engine's own that can be put together. */
const isPredefined = (mode: string): mode is 'bridge' | 'none' =>
  mode === 'bridge' || mode === 'none'

function linkLocalOf({ linkLocal: own, networks }: ConnectionWishes): string[] {
  const ofNetwork = networks[0]?.linkLocal ?? []
  if (own.length > 0 && ofNetwork.length > 0) {
    throw usage(
      'conflicting options: cannot specify both --link-local-ip and per-network link-local IP addresses',
    )
  }
  return [...own, ...ofNetwork]
}

function oneOf(flag: string, own: string, ofNetwork: string, what: string): string {
  if (own !== '' && ofNetwork !== '') {
    throw usage(`conflicting options: cannot specify both --${flag} and per-network ${what}`)
  }
  return own || ofNetwork
}

function endpointOf(wish: NetworkWish, links: string[]): Endpoint {
  return {
    network: wish.name,
    networkId: '',
    aliases: wish.aliases,
    links,
    ...(wish.ip ? { ipv4: wish.ip } : {}),
    ...(wish.ip6 ? { ipv6: wish.ip6 } : {}),
    ...(wish.mac ? { mac: wish.mac.toLowerCase().replaceAll('-', ':') } : {}),
    ...(wish.linkLocal.length > 0 ? { linkLocal: wish.linkLocal } : {}),
    ...(wish.gwPriority === 0 ? {} : { gwPriority: wish.gwPriority }),
    ...(Object.keys(wish.driverOptions).length > 0 ? { driverOptions: wish.driverOptions } : {}),
  }
}

function decideMac(mac: string, ofNetwork: string): string {
  for (const text of [mac, ofNetwork]) {
    if (text !== '' && !isMac(text.trim())) throw usage(`${text} is not a valid mac address`)
    if (text !== '' && !isInterfaceMac(text.trim())) {
      throw usage(`${text} is not the mac address of one interface: a multicast address, or zeros`)
    }
  }
  if (mac !== '' && ofNetwork !== '' && mac !== ofNetwork) {
    throw usage(
      'conflicting options: cannot specify both --mac-address and per-network MAC address',
    )
  }
  return mac || ofNetwork
}

function checkAddresses(wishes: ConnectionWishes, mode: string): void {
  const [network] = wishes.networks
  const ip = wishes.ip || network?.ip || ''
  const ip6 = wishes.ip6 || network?.ip6 || ''
  const linkLocal = linkLocalOf(wishes)
  const reasons = [
    ...(ip || ip6 ? ['user specified IP address is supported on user defined networks only'] : []),
    ...addressFaults({ ip, ip6, linkLocal }),
    ...((ip || ip6) && mode === 'bridge'
      ? [
          'user specified IP address is supported only when connecting to networks with user configured subnets',
        ]
      : []),
  ]
  if (reasons.length > 0) {
    throw refused(`invalid config for network ${mode}: ${invalidSettings(reasons)}`)
  }
}

/** An uplink of the container's own chooses the address, and nothing listens for it on the host. */
function checkPrivateMode(wishes: ConnectionWishes, mode: string): void {
  if (isBridged(mode) || isPredefined(mode) || mode === 'host' || mode.startsWith('container:'))
    return
  const conflict = (what: string): LighterError =>
    refused(`conflicting options: ${what} and the network mode ${mode}`)
  const [network] = wishes.networks
  if (wishes.published.length > 0 || wishes.publishAll) throw conflict('port publishing')
  if (wishes.ip || wishes.ip6 || network?.ip || network?.ip6) throw conflict('IP addresses')
  if (linkLocalOf(wishes).length > 0) throw conflict('link-local IP addresses')
  if (wishes.mac || network?.mac) throw conflict('mac-address')
}

function checkContainerMode(wishes: ConnectionWishes, mode: string): void {
  if (!mode.startsWith('container:')) return
  const conflict = (what: string): LighterError => refused(`conflicting options: ${what}`)
  if (mode === 'container:') {
    throw refused('Invalid network mode: invalid container format container:<name|id>')
  }
  if (wishes.hostname) throw conflict('hostname and the network mode')
  if (wishes.links.length > 0) {
    throw conflict(
      "container type network can't be used with links. This would result in undefined behavior",
    )
  }
  if (wishes.dns.length > 0) throw conflict('dns and the network mode')
  if (wishes.extraHosts.length > 0) {
    throw conflict('custom host-to-IP mapping and the network mode')
  }
  if (wishes.published.length > 0 || wishes.publishAll) {
    throw conflict('port publishing and the container type network mode')
  }
  if (wishes.exposed.length > 0) {
    throw conflict('port exposing and the container type network mode')
  }
}
