import { BlockList, isIP } from 'node:net'
import { LighterError } from '../core/errors.ts'

const MAX_PORT = 65535
const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' }

/**
 * The proxy that the environment wants between us and a place (`HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`; the small letters first),
 * as Go's clients read it. Throws `registry-unreachable` for an address that is none.
 */
export function findProxy(environment: NodeJS.ProcessEnv, place: URL): URL | undefined {
  const name = place.protocol === 'https:' ? 'https_proxy' : 'http_proxy'
  const text = read(environment, name)
  if (!text || isExcepted(read(environment, 'no_proxy') ?? '', place)) return undefined
  return parseAddress(text, name, place)
}

const read = (environment: NodeJS.ProcessEnv, name: string): string | undefined =>
  environment[name] || environment[name.toUpperCase()]

/** Without a scheme it is http. The value never enters a message, as it may have a password. */
function parseAddress(text: string, name: string, { origin }: URL): URL {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url && /^(https?|socks5h?):$/.test(url.protocol)) return url
  const port = /:(\d+)\/?$/.exec(address)?.[1]
  const reason =
    Number(port) > MAX_PORT
      ? `proxyconnect tcp: dial tcp: address ${port}: invalid port`
      : `the value of ${name} is not the address of a proxy`
  throw new LighterError('registry-unreachable', `Get "${origin}/v2/": ${reason}`)
}

/**
 * Whether `NO_PROXY` names a place: `*`; addresses and networks in CIDR notation; names, which stand for all below them too; and
 * `.name`, which stands only for those; each but a network with a port or without. (Go: golang.org/x/net/http/httpproxy)
 */
export function isExcepted(list: string, { hostname, port, protocol }: URL): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase()
  const own = port || DEFAULT_PORTS[protocol]
  return list
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true
      if (entry.includes('/')) return isWithin(host, entry)
      const [, name = '', wanted] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(entry) ?? [entry, entry]
      if (wanted !== undefined && wanted !== own) return false
      return isNamed(host, name.replace(/^\[|\]$/g, '').replace(/^\*\./, '.'))
    })
}

function isNamed(host: string, name: string): boolean {
  if (isIP(name) || isIP(host)) return host === name
  return name.startsWith('.') ? host.endsWith(name) : host === name || host.endsWith(`.${name}`)
}

function isWithin(host: string, network: string): boolean {
  const [address = '', length = ''] = network.split('/')
  const [own, its] = [isIP(host), isIP(address)]
  const bits = Number(length)
  if (!own || own !== its || !/^\d+$/.test(length) || bits > (its === 4 ? 32 : 128)) return false
  const family = its === 4 ? 'ipv4' : 'ipv6'
  const list = new BlockList()
  list.addSubnet(address, bits, family)
  return list.check(host, family)
}
