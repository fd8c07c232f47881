import { decideConnections } from '../../lib/container/connections.ts'
import type { Connections } from '../../lib/container/request.ts'
import type { Parsed } from '../parse.ts'
import { parseNetworkFlag } from './network.ts'
import { parseExpose, parsePublish } from './ports.ts'

/** How the container is connected. Throws with Docker's sentences. */
export function parseConnections(parsed: Parsed): Connections {
  const networks = parsed.list('network').map(parseNetworkFlag)
  const published = parsed.list('publish').flatMap(parsePublish)
  const exposed = parsed.list('expose').flatMap(parseExpose)
  return decideConnections({
    networks,
    published,
    exposed,
    publishAll: parsed.bool('publish-all'),
    aliases: parsed.list('network-alias'),
    links: parsed.list('link'),
    ip: parsed.string('ip') ?? '',
    ip6: parsed.string('ip6') ?? '',
    mac: parsed.string('mac-address') ?? '',
    linkLocal: parsed.list('link-local-ip'),
    hostname: parsed.string('hostname') ?? '',
    dns: parsed.list('dns'),
    extraHosts: parsed.list('add-host'),
  })
}
