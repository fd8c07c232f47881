import { statSync } from 'node:fs'
import { LighterError } from '../core/errors.ts'
import { lazyCrypto } from '../core/lazy.ts'
import { DEFAULT_BRIDGE } from '../network/network.ts'
import { listContainers } from './catalog.ts'

/** The networks that are there without anybody's doing, with the drivers that Docker gives them. */
const DRIVERS = { bridge: 'bridge', none: 'null', host: 'host' } as const

type NetworkName = keyof typeof DRIVERS

/** They are made by nobody: their ids follow from their names. */
const idOf = (name: string): string =>
  lazyCrypto().createHash('sha256').update(`network ${name}`).digest('hex')

/** The document that `inspect` shows for a network, in the shape of Docker 26. Throws `no-such-network`. */
export function inspectNetwork(data: string, text: string): Record<string, unknown> {
  const name = findName(text)
  if (!name) throw new LighterError('no-such-network', `network ${text} not found`)
  return {
    Name: name,
    Id: idOf(name),
    Created: statSync(data).birthtime.toISOString(),
    Scope: 'local',
    Driver: DRIVERS[name],
    EnableIPv6: false,
    IPAM: {
      Driver: 'default',
      Options: null,
      Config:
        name === 'bridge'
          ? [{ Subnet: DEFAULT_BRIDGE.subnet, Gateway: DEFAULT_BRIDGE.gateway }]
          : null,
    },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: members(data, name),
    Options: name === 'bridge' ? BRIDGE_OPTIONS : {},
    Labels: {},
  }
}

const BRIDGE_OPTIONS = {
  'com.docker.network.bridge.default_bridge': 'true',
  'com.docker.network.bridge.enable_icc': 'true',
  'com.docker.network.bridge.enable_ip_masquerade': 'true',
  'com.docker.network.bridge.name': DEFAULT_BRIDGE.bridge,
}

/** By name, by id, or by the beginning of the id. */
const findName = (text: string): NetworkName | undefined =>
  (Object.keys(DRIVERS) as NetworkName[]).find(
    (name) => name === text || (/^[0-9a-f]+$/.test(text) && idOf(name).startsWith(text)),
  )

/** The running containers in it. */
function members(data: string, network: NetworkName): Record<string, unknown> {
  const found = listContainers(data).flatMap(({ record, state }) => {
    if (state.status !== 'running' || record.host.networkMode !== network) return []
    const { address, prefix, mac } = state.network ?? {}
    const member = {
      Name: record.name,
      EndpointID: '',
      MacAddress: mac ?? '',
      IPv4Address: address ? `${address}/${prefix}` : '',
      IPv6Address: '',
    }
    return [[record.id, member] as const]
  })
  return Object.fromEntries(found)
}
