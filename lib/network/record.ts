import { statSync } from 'node:fs'
import { join } from 'node:path'
import { LighterError } from '../core/errors.ts'
import { instantText, nowNanoseconds } from '../core/instant.ts'
import { listNames } from '../fs/drafts.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'
import { DEFAULT_BRIDGE, MTU, PREDEFINED_IDS } from './network.ts'

/** One range of addresses of a network, as it was asked for or chosen. */
export interface AddressPool {
  subnet: string
  gateway?: string
  ipRange?: string
  /** Names of addresses that no container gets. */
  auxiliary?: Record<string, string>
  /** Nobody asked for this one: nobody can ask for its addresses. */
  automatic?: true
}

export type NetworkDriver = 'bridge' | 'host' | 'null'

/** networks/<id>/network.json */
export interface NetworkRecord {
  version: 1
  id: string
  name: string
  createdAt: string
  driver: NetworkDriver
  /** Nothing leads out of it. */
  internal: boolean
  attachable: boolean
  ipv6: boolean
  options: Record<string, string>
  labels: Record<string, string>
  /** One of IPv4 at most, one of IPv6 at most. */
  pools: AddressPool[]
  ipamOptions: Record<string, string> | null
  /** Only a description that others are made from. */
  configOnly: boolean
  /** The network whose description it was made from. */
  configFrom: string
  /** Nobody made it, nobody can remove it. */
  predefined?: boolean
}

const MAX_RECORD = 256 * 1024

export const networkDirectory = (data: string, id: string): string => join(data, 'networks', id)

const PREDEFINED: readonly [keyof typeof PREDEFINED_IDS, NetworkDriver][] = [
  ['bridge', 'bridge'],
  ['host', 'host'],
  ['none', 'null'],
]

/** Names that no other network can have. */
export const isPredefined = (name: string): boolean => PREDEFINED.some(([own]) => own === name)

export const isPredefinedId = (id: string): boolean =>
  PREDEFINED.some(([own]) => PREDEFINED_IDS[own] === id)

/** `bridge`, `host` and `none`. */
export function predefinedNetworks(data: string): NetworkRecord[] {
  const born = statSync(data, { throwIfNoEntry: false, bigint: true })?.birthtimeNs
  const createdAt = instantText(born ?? nowNanoseconds())
  return PREDEFINED.map(([name, driver]) => ({
    version: 1,
    id: PREDEFINED_IDS[name],
    name,
    createdAt,
    driver,
    internal: false,
    attachable: false,
    ipv6: false,
    options: driver === 'bridge' ? BRIDGE_OPTIONS : {},
    labels: {},
    pools:
      driver === 'bridge'
        ? [{ subnet: DEFAULT_BRIDGE.subnet, gateway: DEFAULT_BRIDGE.gateway }]
        : [],
    ipamOptions: null,
    configOnly: false,
    configFrom: '',
    predefined: true,
  }))
}

const BRIDGE_OPTIONS = {
  'com.docker.network.bridge.default_bridge': 'true',
  'com.docker.network.bridge.enable_icc': 'true',
  'com.docker.network.bridge.enable_ip_masquerade': 'true',
  'com.docker.network.bridge.name': DEFAULT_BRIDGE.bridge,
  'com.docker.network.driver.mtu': String(MTU),
}

/** The networks that somebody made; one whose record is damaged is left out. */
export function listOwnNetworks(data: string): NetworkRecord[] {
  return listNames(join(data, 'networks')).flatMap((id) => readNetwork(data, id) ?? [])
}

/** All networks, by name. */
export const listNetworks = (data: string): NetworkRecord[] =>
  [...predefinedNetworks(data), ...listOwnNetworks(data)].sort((a, b) =>
    a.name === b.name ? 0 : a.name < b.name ? -1 : 1,
  )

/** One of them, by its whole id; `undefined` for what has no good record. */
export function readNetwork(data: string, id: string): NetworkRecord | undefined {
  if (!/^[0-9a-f]{64}$/.test(id)) return undefined
  const path = join(networkDirectory(data, id), 'network.json')
  const record = parseJson(readSmallFile(path, MAX_RECORD)) as NetworkRecord | undefined
  return record?.version === 1 && record.id === id ? record : undefined
}

/** By name, by id, or by the beginning of the id. Throws `no-such-network`; `bad-input` when several begin so. */
export function findNetwork(data: string, text: string): NetworkRecord {
  const found = lookUpNetwork(data, text)
  if (found) return found
  throw new LighterError('no-such-network', `network ${text} not found`)
}

/** The same; `undefined`: there is none. */
export function lookUpNetwork(data: string, text: string): NetworkRecord | undefined {
  const networks = listNetworks(data)
  const exact = networks.find(({ id }) => id === text) ?? networks.find(({ name }) => name === text)
  if (exact) return exact
  const begun = text === '' ? [] : networks.filter(({ id }) => id.startsWith(text))
  if (begun.length > 1) {
    throw new LighterError(
      'bad-input',
      `network ${text} is ambiguous (${begun.length} matches found based on ID prefix)`,
    )
  }
  return begun[0]
}
