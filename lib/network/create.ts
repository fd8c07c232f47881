import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { LighterError } from '../core/errors.ts'
import { newContainerId } from '../core/ids.ts'
import { instantText, nowNanoseconds } from '../core/instant.ts'
import { UndoStack } from '../core/undo.ts'
import type { Engine } from '../engine.ts'
import { recordEvent } from '../events/journal.ts'
import { makeDraft } from '../fs/drafts.ts'
import { makeDirectory, replaceFile, syncDirectory } from '../fs/replace.ts'
import { ownIdentity } from '../host/process.ts'
import { Hold } from '../runtime/hold.ts'
import { addressAt, contains, formatAddress, overlap, parseAddress, parseCidr } from './address.ts'
import { checkDriverOptions } from './driver-options.ts'
import { bridgeName, gatewayOf } from './endpoint.ts'
import { isOwnNetwork, UPLINK_SUBNET } from './network.ts'
import { checkPools } from './pool-wishes.ts'
import { chooseSubnet, usedSubnets } from './pools.ts'
import {
  type AddressPool,
  isPredefined,
  listNetworks,
  type NetworkRecord,
  networkDirectory,
} from './record.ts'

/** What the user wants of a network. */
export interface NetworkWishes {
  name: string
  driver: string
  internal: boolean
  attachable: boolean
  ingress: boolean
  ipv6: boolean
  scope: string
  options: Record<string, string>
  labels: Record<string, string>
  pools: readonly AddressPool[]
  ipamDriver: string
  ipamOptions: Record<string, string> | null
  configOnly: boolean
  configFrom: string
}

const bad = (message: string): LighterError => new LighterError('bad-input', message)
const forbidden = (message: string): LighterError => new LighterError('forbidden', message)

/** Makes a network; nothing exists in the kernel until a container is on it. Throws with Docker's sentences. */
export async function createNetwork(engine: Engine, wishes: NetworkWishes): Promise<NetworkRecord> {
  const { data } = engine.paths
  checkWishes(wishes)
  const pools = checkPools(wishes.pools)
  const directory = join(data, 'networks')
  makeDirectory(directory)
  // Names and subnets are looked through and taken in one go.
  using _ = await Hold.open(engine.native().program, directory)
  const record = await publish(data, decide(listNetworks(data), wishes, pools))
  const attributes = { name: record.name, type: record.driver }
  recordEvent(data, { type: 'network', action: 'create', id: record.id, attributes })
  return record
}

const DRIVERS: Readonly<Record<string, string>> = {
  macvlan:
    'driver macvlan needs root of the host: it would put containers on the interfaces of the host',
  ipvlan:
    'driver ipvlan needs root of the host: it would put containers on the interfaces of the host',
  host: 'only one instance of "host" network is allowed',
  null: 'only one instance of "null" network is allowed',
  overlay:
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
}

function checkWishes(wishes: NetworkWishes): void {
  const { name, driver } = wishes
  if (name.trim() === '') throw bad('invalid name:')
  if (name === 'default' || isPredefined(name) || !isOwnNetwork(name))
    throw forbidden(`operation is not permitted on predefined ${name} network`)
  if (wishes.configOnly && wishes.configFrom !== '') {
    throw forbidden('a configuration network cannot depend on another configuration network')
  }
  if (wishes.ingress) throw forbidden('Ingress network can only be global scope network')
  if (wishes.scope !== '' && wishes.scope !== 'local') {
    throw forbidden(`cannot create a ${wishes.scope} scoped network when swarm is not active`)
  }
  if (driver !== 'bridge') {
    const reason = Object.hasOwn(DRIVERS, driver) ? DRIVERS[driver] : undefined
    if (reason !== undefined) throw forbidden(reason)
    throw new LighterError('no-such-plugin', `plugin "${driver}" not found`)
  }
  if (wishes.ipamDriver !== '' && wishes.ipamDriver !== 'default') {
    throw new LighterError('no-such-plugin', `plugin "${wishes.ipamDriver}" not found`)
  }
  checkDriverOptions(wishes.options)
}

function decide(
  networks: readonly NetworkRecord[],
  wishes: NetworkWishes,
  pools: AddressPool[],
): NetworkRecord {
  if (networks.some(({ name }) => name === wishes.name)) {
    throw new LighterError('conflict', `network with name ${wishes.name} already exists`)
  }
  const source = findConfiguration(networks, wishes.configFrom)
  const wanted = source ? source.pools : pools
  for (const pool of wanted) checkUplink(pool)
  for (const { subnet } of wanted) checkFree(networks, subnet)
  const { configOnly, ipv6 } = wishes
  const record: NetworkRecord = {
    version: 1,
    id: newContainerId(),
    name: wishes.name,
    createdAt: instantText(nowNanoseconds()),
    driver: configOnly ? 'null' : 'bridge',
    internal: source?.internal ?? wishes.internal,
    attachable: wishes.attachable,
    ipv6: source?.ipv6 ?? ipv6,
    options: source?.options ?? wishes.options,
    labels: source?.labels ?? wishes.labels,
    pools: configOnly ? wanted : completePools(networks, wanted, ipv6),
    ipamOptions: wishes.ipamOptions,
    configOnly,
    configFrom: wishes.configFrom,
  }
  if (!configOnly) {
    checkBridge(networks, record)
    for (const pool of record.pools) checkAddresses(pool)
  }
  return record
}

/** Nobody has the network's own address nor the broadcast address, and nobody the address of another. */
function checkAddresses(pool: AddressPool): void {
  const subnet = parseCidr(pool.subnet)
  if (!subnet) return
  const first = addressAt(subnet, 0n)
  const taken = new Set([formatAddress(first)])
  if (subnet.family === 4) {
    taken.add(formatAddress(addressAt(subnet, (1n << BigInt(32 - subnet.prefix)) - 1n)))
  }
  const take = (text: string, what: string): void => {
    const address = parseAddress(text)
    const usual = address ? formatAddress(address) : text
    if (taken.has(usual)) throw bad(`failed to allocate ${what}: Address already in use`)
    taken.add(usual)
  }
  const gateway = gatewayOf(pool)
  take(gateway, `gateway (${gateway})`)
  for (const [name, text] of Object.entries(pool.auxiliary ?? {})) {
    take(text, `secondary ip address (${name}:${text})`)
  }
}

/** Two networks on one bridge would be one. */
function checkBridge(networks: readonly NetworkRecord[], record: NetworkRecord): void {
  const name = bridgeName(record)
  const other = networks.find(
    (network) => network.driver === 'bridge' && !network.configOnly && bridgeName(network) === name,
  )
  if (!other) return
  throw new LighterError(
    'conflict',
    `cannot create network ${record.id} (${name}): conflicts with network ${other.id} (${name}): networks have same bridge name`,
  )
}

function findConfiguration(
  networks: readonly NetworkRecord[],
  name: string,
): NetworkRecord | undefined {
  if (name === '') return undefined
  const found = networks.find((network) => network.name === name)
  if (!found?.configOnly) {
    throw new LighterError(
      'no-such-network',
      `configuration network ${JSON.stringify(name)} does not exist`,
    )
  }
  return found
}

/** A subnet that is larger loses only these addresses, which nobody gets. */
function checkUplink({ subnet, ipRange, gateway }: AddressPool): void {
  const uplink = parseCidr(UPLINK_SUBNET)
  const address = parseAddress(gateway ?? '')
  const inside = [subnet, ipRange ?? '']
    .map(parseCidr)
    .some((wanted) => uplink && wanted && wanted.family === 4 && contains(uplink, wanted))
  if (!inside && !(uplink && address && contains(uplink, address))) return
  throw bad(
    `invalid network config:\ninvalid subnet ${subnet}: ${UPLINK_SUBNET} is where containers reach the outside: choose other addresses`,
  )
}

function checkFree(networks: readonly NetworkRecord[], text: string): void {
  const wanted = parseCidr(text)
  if (wanted && usedSubnets(networks).some((other) => overlap(wanted, other))) {
    throw new LighterError('forbidden', 'Pool overlaps with other one on this address space')
  }
}

/** Every network has IPv4; one with IPv6 brings its own subnet. */
function completePools(
  networks: readonly NetworkRecord[],
  wanted: AddressPool[],
  ipv6: boolean,
): AddressPool[] {
  const isOf = (family: number) => (pool: AddressPool) => parseCidr(pool.subnet)?.family === family
  const six = wanted.filter(isOf(6))
  if (ipv6 && six.length === 0) {
    throw bad(
      'could not find an available, non-overlapping IPv6 address pool among the defaults to assign to the network',
    )
  }
  const four = wanted.filter(isOf(4))
  return [...(ipv6 ? six : []), ...(four.length > 0 ? four : [defaultPool(networks)])]
}

function defaultPool(networks: readonly NetworkRecord[]): AddressPool {
  const subnet = chooseSubnet(networks)
  const parsed = parseCidr(subnet)
  const gateway = parsed ? { gateway: formatAddress(addressAt(parsed, 1n)) } : {}
  return { subnet, ...gateway, automatic: true }
}

async function publish(data: string, record: NetworkRecord): Promise<NetworkRecord> {
  await using undo = new UndoStack()
  const draft = makeDraft(data, ownIdentity())
  undo.push(async () => rmSync(draft, { recursive: true, force: true }))
  replaceFile(join(draft, 'network.json'), `${JSON.stringify(record)}\n`, true)
  renameSync(draft, networkDirectory(data, record.id))
  syncDirectory(join(data, 'networks'))
  undo.commit()
  return record
}
