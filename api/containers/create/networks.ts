import { decideConnections, type NetworkWish } from '../../../lib/container/connections.ts'
import type { PortBinding } from '../../../lib/container/options.ts'
import { parsePortRange } from '../../../lib/container/ports.ts'
import type { Connections } from '../../../lib/container/request.ts'
import { LighterError } from '../../../lib/core/errors.ts'
import { isAddress } from '../../../lib/network/address.ts'
import { isMac } from '../../../lib/network/mac.ts'
import { isOwnNetwork, parseNetwork } from '../../../lib/network/network.ts'
import { type ApiVersion, atLeast } from '../../http/api-version.ts'
import type { Fields } from '../../http/fields.ts'

/** How the container is connected. `body`: the whole document; `version`: the client's. Throws 400. */
export function readConnections(body: Fields, version: ApiVersion): Connections {
  const host = body.object('HostConfig')
  const networks = readNetworks(body, host)
  const links = host.texts('Links').map(checkLink)
  if (!atLeast(version, 44) && networks.length > 1) {
    const names = networks.map(({ name }) => name).sort()
    throw bad(`Container cannot be created with multiple network endpoints: ${names.join(', ')}`)
  }
  checkSettings(networks, body.text('MacAddress'), links)
  return decideConnections({
    networks,
    aliases: [],
    links,
    ip: '',
    ip6: '',
    mac: body.text('MacAddress'),
    linkLocal: [],
    published: readBindings(host),
    exposed: body.keys('ExposedPorts', 'PortSet').map((text) => readPort(text, true)),
    publishAll: host.bool('PublishAllPorts'),
    hostname: body.text('Hostname'),
    dns: host.texts('Dns'),
    extraHosts: host.texts('ExtraHosts'),
  })
}

/** What Docker's engine finds wrong with settings of endpoints, which its client tells in words of its own. */
function checkSettings(networks: readonly NetworkWish[], mac: string, links: string[]): void {
  const [first] = networks
  const mode = first?.name ?? ''
  if (mac !== '' && first && first.mac !== '' && first.mac !== mac) {
    throw bad(
      'the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty',
    )
  }
  for (const { name, mac: own } of first ? [{ name: mode, mac }, ...networks] : []) {
    if (own !== '' && !isMac(own)) {
      throw bad(`invalid config for network ${name}: invalid MAC address ${own}`)
    }
  }
  if (first && first.aliases.length > 0 && !isOwnNetwork(mode)) {
    throw bad(
      `invalid config for network ${mode}: invalid endpoint settings:\nnetwork-scoped alias is supported only for containers in user defined networks`,
    )
  }
  const kind = mode === 'host' ? 'host type networking' : 'container type network'
  if (links.length > 0 && (mode === 'host' || mode.startsWith('container:'))) {
    throw bad(
      `conflicting options: ${kind} can't be used with links. This would result in undefined behavior`,
    )
  }
}

/** The network of the mode first, where there are wishes for it; who has wishes for others only is not on it. */
function readNetworks(body: Fields, host: Fields): NetworkWish[] {
  const mode = body.bool('NetworkDisabled')
    ? 'none'
    : parseNetwork(host.text('NetworkMode', 'NetworkMode'))
  const configuration = body.object('NetworkingConfig')
  const missing = configuration.nullIn('EndpointsConfig')
  if (missing !== undefined) {
    throw bad(`invalid config for network ${missing}: EndpointsConfig is nil`)
  }
  const wishes = configuration
    .objectMap('EndpointsConfig', 'EndpointSettings')
    .map(([name, settings]) => readWish(parseNetwork(name), settings))
  if (wishes.length === 0 || mode.startsWith('container:') || body.bool('NetworkDisabled')) {
    return [{ ...NO_WISHES, name: mode }]
  }
  return wishes.sort((a, b) => Number(b.name === mode) - Number(a.name === mode))
}

const NO_WISHES: NetworkWish = {
  name: '',
  aliases: [],
  ip: '',
  ip6: '',
  mac: '',
  linkLocal: [],
  gwPriority: 0,
  driverOptions: {},
}

/** What somebody wants on a network; `name`: the network's. Throws 400. */
export function readWish(name: string, settings: Fields): NetworkWish {
  const addresses = settings.object('IPAMConfig', 'EndpointIPAMConfig')
  return {
    name,
    aliases: settings.texts('Aliases').map(checkAlias),
    links: settings.texts('Links').map(checkLink),
    ip: addresses.text('IPv4Address'),
    ip6: addresses.text('IPv6Address'),
    linkLocal: addresses.texts('LinkLocalIPs'),
    mac: settings.text('MacAddress'),
    gwPriority: settings.int('GwPriority', 'int'),
    driverOptions: settings.map('DriverOpts'),
  }
}

function checkAlias(alias: string): string {
  if (/^[^\s\0]+$/.test(alias)) return alias
  throw bad(`invalid alias: ${JSON.stringify(alias)}`)
}

function checkLink(text: string): string {
  if (text === '') throw bad('empty string specified for links')
  if (text.split(':').length > 2) throw bad(`bad format for links: ${text}`)
  if (/[\s\0]/.test(text)) throw bad(`bad format for links: ${JSON.stringify(text)}`)
  return text
}

function readBindings(host: Fields): PortBinding[] {
  return host.objectLists('PortBindings', 'PortBinding', 'PortMap').flatMap(([text, bindings]) => {
    const port = readPort(text, false)
    return bindings.map((binding) => ({
      port,
      hostIp: checkIp(binding.text('HostIp')),
      hostPort: checkHostPort(binding.text('HostPort')),
    }))
  })
}

const PROTOCOLS = new Set(['tcp', 'udp', 'sctp'])
const MAX_PORT = 65535

/** `80/tcp`, in full. */
function readPort(text: string, mayBeRange: boolean): string {
  const range = parsePortRange(text)
  const isOne = range && range.first === range.last
  const isKnown = range && PROTOCOLS.has(range.protocol) && range.last <= MAX_PORT
  if (!isKnown || range.last < range.first || !(isOne || mayBeRange)) throw wrongPort(text)
  return `${isOne ? range.first : `${range.first}-${range.last}`}/${range.protocol}`
}

function checkHostPort(text: string): string {
  if (text === '') return ''
  const range = /^\d{1,5}(-\d{1,5})?$/.test(text) ? parsePortRange(text) : undefined
  if (range && range.first <= range.last && range.last <= MAX_PORT) return text
  throw wrongPort(text)
}

function checkIp(text: string): string {
  if (text === '' || isAddress(text)) return text
  throw bad(`Invalid ip address: ${text}`)
}

const bad = (message: string): LighterError => new LighterError('bad-input', message)

const wrongPort = (text: string): LighterError =>
  bad(`invalid port specification: ${JSON.stringify(text.replace(/\/(tcp|udp|sctp)$/, ''))}`)
