import type { Connections } from '../../lib/container/request.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { addressFaults, type Endpoint, invalidSettings } from '../../lib/network/endpoint.ts'
import { isBridged, isOwnNetwork, PREDEFINED_IDS, parseNetwork } from '../../lib/network/network.ts'
import type { Parsed } from '../parse.ts'
import { isInterfaceMac, isMac, type NetworkFlag, parseNetworkFlag } from './network.ts'
import { parseExpose, parsePublish } from './ports.ts'

const usage = (reason: string): LighterError => new LighterError('usage', reason)
const refused = (reason: string): LighterError => new LighterError('bad-input', reason)

/** How the container is connected. Throws with Docker's sentences. */
export function parseConnections(parsed: Parsed): Connections {
  const networks = parsed.list('network').map(parseNetworkFlag)
  const mode = parseNetwork(networks[0]?.name ?? '')
  const published = parsed.list('publish').flatMap(parsePublish)
  const exposed = parsed.list('expose').flatMap(parseExpose)
  const mac = parseMac(parsed, networks[0]?.mac ?? '')
  checkModes(parsed, networks, mode)
  if (mode === 'host' && (published.length > 0 || parsed.bool('publish-all'))) {
    const warning =
      published.length > 0
        ? { warning: 'Published ports are discarded when using host network mode' }
        : {}
    return { mode, exposed, published: [], ...warning }
  }
  checkContainerMode(parsed, mode, published.length)
  checkPrivateMode(parsed, networks[0], mode, published.length)
  if (mode === 'bridge' || mode.startsWith('container:')) {
    checkAddresses(parsed, networks[0], mode)
  }
  const several = networks.length > 1
  const endpoints = isBridged(mode) || several ? makeEndpoints(parsed, networks, mac) : undefined
  return { mode, exposed, published, ...(endpoints ? { networks: endpoints } : {}) }
}

function checkModes(parsed: Parsed, networks: readonly NetworkFlag[], mode: string): void {
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
  const aliases = [...parsed.list('network-alias'), ...(networks[0]?.aliases ?? [])]
  if (!own && aliases.length > 0) {
    throw usage('network-scoped aliases are only supported for user-defined networks')
  }
  if (!own && mode !== 'bridge' && parsed.list('link').length > 0) {
    throw usage('links are only supported for user-defined networks')
  }
}

/** The flags without a network's name belong to the first one. `undefined`: the default network as it is. */
function makeEndpoints(
  parsed: Parsed,
  networks: readonly NetworkFlag[],
  mac: string,
): Endpoint[] | undefined {
  const [first, ...others] = networks
  const links = parsed.list('link')
  const linkLocal = linkLocalOf(parsed, first)
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
  const ip = oneOf('ip', parsed.string('ip') ?? '', first.ip, 'IPv4 address')
  const ip6 = oneOf('ip6', parsed.string('ip6') ?? '', first.ip6, 'IPv6 address')
  const aliases = parsed.list('network-alias')
  if (aliases.length > 0 && first.aliases.length > 0) {
    throw usage('conflicting options: cannot specify both --network-alias and per-network alias')
  }
  const merged = { ...first, ip, ip6, mac, linkLocal, aliases: [...first.aliases, ...aliases] }
  return [merged, ...others].map((flag, at) => endpointOf(flag, at === 0 ? links : []))
}

const NONE: Endpoint = { network: 'none', networkId: PREDEFINED_IDS.none, aliases: [], links: [] }

/** Networks of the engine's own that can be put together. */
const isPredefined = (mode: string): mode is 'bridge' | 'none' =>
  mode === 'bridge' || mode === 'none'

function linkLocalOf(parsed: Parsed, network: NetworkFlag | undefined): string[] {
  const own = parsed.list('link-local-ip')
  const ofNetwork = network?.linkLocal ?? []
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

function endpointOf(flag: NetworkFlag, links: string[]): Endpoint {
  return {
    network: flag.name,
    networkId: '',
    aliases: flag.aliases,
    links,
    ...(flag.ip ? { ipv4: flag.ip } : {}),
    ...(flag.ip6 ? { ipv6: flag.ip6 } : {}),
    ...(flag.mac ? { mac: flag.mac.toLowerCase().replaceAll('-', ':') } : {}),
    ...(flag.linkLocal.length > 0 ? { linkLocal: flag.linkLocal } : {}),
    ...(flag.gwPriority === 0 ? {} : { gwPriority: flag.gwPriority }),
    ...(Object.keys(flag.driverOptions).length > 0 ? { driverOptions: flag.driverOptions } : {}),
  }
}

function parseMac(parsed: Parsed, ofNetwork: string): string {
  const mac = parsed.string('mac-address') ?? ''
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

function checkAddresses(parsed: Parsed, network: NetworkFlag | undefined, mode: string): void {
  const ip = parsed.string('ip') || network?.ip || ''
  const ip6 = parsed.string('ip6') || network?.ip6 || ''
  const linkLocal = linkLocalOf(parsed, network)
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
function checkPrivateMode(
  parsed: Parsed,
  network: NetworkFlag | undefined,
  mode: string,
  published: number,
): void {
  if (isBridged(mode) || isPredefined(mode) || mode === 'host' || mode.startsWith('container:'))
    return
  const conflict = (what: string): LighterError =>
    refused(`conflicting options: ${what} and the network mode ${mode}`)
  if (published > 0 || parsed.bool('publish-all')) throw conflict('port publishing')
  const addresses = ['ip', 'ip6'].some((flag) => parsed.string(flag))
  if (addresses || network?.ip || network?.ip6) throw conflict('IP addresses')
  if (linkLocalOf(parsed, network).length > 0) throw conflict('link-local IP addresses')
  if (parsed.string('mac-address') || network?.mac) throw conflict('mac-address')
}

function checkContainerMode(parsed: Parsed, mode: string, published: number): void {
  if (!mode.startsWith('container:')) return
  const conflict = (what: string): LighterError => refused(`conflicting options: ${what}`)
  if (mode === 'container:') {
    throw refused('Invalid network mode: invalid container format container:<name|id>')
  }
  if (parsed.string('hostname')) throw conflict('hostname and the network mode')
  if (parsed.list('link').length > 0) {
    throw conflict(
      "container type network can't be used with links. This would result in undefined behavior",
    )
  }
  if (parsed.list('dns').length > 0) throw conflict('dns and the network mode')
  if (parsed.list('add-host').length > 0) {
    throw conflict('custom host-to-IP mapping and the network mode')
  }
  if (published > 0 || parsed.bool('publish-all')) {
    throw conflict('port publishing and the container type network mode')
  }
  if (parsed.list('expose').length > 0) {
    throw conflict('port exposing and the container type network mode')
  }
}
