import type { Connections } from '../../lib/container/request.ts'
import { LighterError } from '../../lib/core/errors.ts'
import type { Parsed } from '../parse.ts'
import { isMac, parseNetworkFlag } from './network.ts'
import { isAddress, parseExpose, parsePublish } from './ports.ts'

const usage = (reason: string): LighterError => new LighterError('usage', reason)
const refused = (reason: string): LighterError => new LighterError('bad-input', reason)

/**
 * How the container is connected. What needs networks of the user's own or published ports is refused, once everything else is
 * found right: neither is there yet.
 */
export function parseConnections(parsed: Parsed): Connections {
  const networks = parsed.list('network').map(parseNetworkFlag)
  const mode = networks[0]?.name || 'bridge'
  const published = parsed.list('publish').flatMap(parsePublish)
  const exposed = parsed.list('expose').flatMap(parseExpose)
  const mac = parseMac(parsed, networks[0]?.mac ?? '')
  const own = isOwnNetwork(mode)
  if (!own && [...parsed.list('network-alias'), ...(networks[0]?.aliases ?? [])].length > 0) {
    throw usage('network-scoped aliases are only supported for user-defined networks')
  }
  if (!own && !isDefault(mode) && parsed.list('link').length > 0) {
    throw usage('links are only supported for user-defined networks')
  }
  if (mode === 'host' && published.length > 0) {
    return {
      mode,
      exposed,
      published: [],
      warning: 'Published ports are discarded when using host network mode',
    }
  }
  checkContainerMode(parsed, mode, published.length)
  if (isDefault(mode) || mode.startsWith('container:')) checkAddresses(parsed, networks[0], mode)
  if (networks.length > 1) throw refused('a container on more than one network is not there yet')
  if (published.length > 0 && mode !== 'none') {
    throw usage('published ports are not there yet: a container reaches out, nothing reaches in')
  }
  if (mac !== '' && isDefault(mode)) {
    throw usage('--mac-address is not there yet: containers get their addresses by themselves')
  }
  if (parsed.list('link').length > 0 && isDefault(mode)) throw missingLink(parsed)
  return { mode, exposed, published: published.map(({ port }) => port) }
}

const isDefault = (mode: string): boolean => mode === 'bridge' || mode === 'default'

const isOwnNetwork = (mode: string): boolean =>
  !isDefault(mode) &&
  !['none', 'host', 'slirp4netns'].includes(mode) &&
  !mode.startsWith('container:')

function parseMac(parsed: Parsed, ofNetwork: string): string {
  const mac = parsed.string('mac-address') ?? ''
  for (const text of [mac, ofNetwork]) {
    if (text !== '' && !isMac(text.trim())) throw usage(`${text} is not a valid mac address`)
  }
  if (mac !== '' && ofNetwork !== '' && mac !== ofNetwork) {
    throw usage(
      'conflicting options: cannot specify both --mac-address and per-network MAC address',
    )
  }
  return mac || ofNetwork
}

function checkAddresses(
  parsed: Parsed,
  network: { ip: string; ip6: string; linkLocal: string[] } | undefined,
  mode: string,
): void {
  const ip = parsed.string('ip') || network?.ip || ''
  const ip6 = parsed.string('ip6') || network?.ip6 || ''
  const local = [...parsed.list('link-local-ip'), ...(network?.linkLocal ?? [])]
  const reasons = [
    ...(ip || ip6 ? ['user specified IP address is supported on user defined networks only'] : []),
    ...(ip && (!isAddress(ip) || ip.includes(':')) ? [`invalid IPv4 address: ${ip}`] : []),
    ...(ip6 && (!isAddress(ip6) || !ip6.includes(':')) ? [`invalid IPv6 address: ${ip6}`] : []),
    ...local
      .filter((text) => !isAddress(text))
      .map((text) => `invalid link-local IP address: ${text}`),
    ...((ip || ip6) && isDefault(mode)
      ? [
          'user specified IP address is supported only when connecting to networks with user configured subnets',
        ]
      : []),
  ]
  if (reasons.length > 0) {
    const list = reasons.length === 1 ? reasons : reasons.map((reason) => `* ${reason}`)
    throw refused(
      `invalid config for network ${mode === 'default' ? 'bridge' : mode}: invalid endpoint settings:\n${list.join('\n')}`,
    )
  }
  if (local.length > 0) throw usage('--link-local-ip is not there yet')
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
  if (parsed.string('mac-address')) throw conflict('mac-address and the network mode')
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

function missingLink(parsed: Parsed): LighterError {
  const [first = ''] = parsed.list('link')
  return usage(`--link ${first}: links between containers are not there yet`)
}
