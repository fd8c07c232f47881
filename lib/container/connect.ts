import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LighterError } from '../core/errors.ts'
import type { Engine } from '../engine.ts'
import { recordEvent } from '../events/journal.ts'
import { readSmallFile } from '../fs/read.ts'
import { type Endpoint, findWayOut, freeInterface, planEndpoint } from '../network/endpoint.ts'
import { resolvConf } from '../network/files.ts'
import { isBridged, isOwnNetwork } from '../network/network.ts'
import { findNetwork, lookUpNetwork, type NetworkRecord } from '../network/record.ts'
import type { NetworkChange } from '../runtime/control.ts'
import { type Container, findContainer } from './catalog.ts'
import { changeContainer, type HeldContainer } from './change.ts'
import { endpointsOf, isGone, isNamed, namesOn, withWishedFamilies } from './endpoints.ts'
import { linkedHosts, planLinks, withoutLinks } from './links.ts'
import { defaultAddresses, planPorts } from './published.ts'
import type { ContainerRecord } from './record.ts'
import { type ContainerState, isLive, readState } from './state.ts'
import { connectMonitor, notRunning, type Places } from './stop.ts'

const bad = (message: string): LighterError => new LighterError('bad-input', message)

/** Puts a container on one more network, at once where it runs. Throws with Docker's sentences. */
export async function connectNetwork(
  engine: Engine,
  container: Container,
  wanted: Endpoint,
): Promise<void> {
  const { data } = engine.paths
  const network = findNetwork(data, wanted.network)
  const endpoint = { ...wanted, network: network.name, networkId: network.id }
  await changeContainer(engine, container, async (held) => {
    const { record } = held
    const endpoints = endpointsOf(data, record)
    checkMode(record, network, endpoints)
    // One that does not run is connected anew, with what is asked for now.
    const isOn = endpoints.some(({ networkId }) => networkId === network.id)
    if (isOn && isLive(readState(held.directory))) {
      throw new LighterError(
        'forbidden',
        `endpoint with name ${record.name} already exists in network ${network.name}`,
      )
    }
    if (network.driver === 'null') {
      held.save({ ...record, networks: [endpoint] })
      recordConnected(data, network, held)
      return
    }
    const hosts = hostsOfLinks(data, held, endpoint)
    const wished = planEndpoint(network, endpoint, {
      interface: freeInterface(network, interfacesOf(readState(held.directory))),
      names: namesOn(record, endpoint),
    })
    const plan = withWishedFamilies(record, wished)
    await held.settled()
    if (!isNamed(record) && isOwnNetwork(network.name)) rewriteResolver(held)
    // One whose network is gone makes room for another of the same name.
    const rest = endpoints.filter(({ network: name }) => name !== network.name)
    const networks = [...rest, endpoint]
    if (isThere(held, network.id)) await leave(engine, held, network.id, endpoints)
    plan.route = findWayOut(data, networks)?.id === network.id
    await askNetwork(engine.paths, held, { connect: plan, links: planLinks(data, networks) })
    try {
      await movePorts(engine, held, endpoints, networks)
    } catch (error) {
      await leave(engine, held, network.id, endpoints)
      throw error
    }
    changeHosts(held, (text) => text + hosts)
    held.save({ ...record, networks })
    recordConnected(data, network, held)
  })
}

/**
 * Takes a container off the network that the user calls `text`, at once where it runs. The network may be gone: where the container
 * does not run, or with `force`. Throws with Docker's sentences.
 */
export async function disconnectNetwork(
  engine: Engine,
  container: Container,
  text: string,
  force: boolean,
): Promise<void> {
  const { data } = engine.paths
  await changeContainer(engine, container, async (held) => {
    const { record } = held
    const network = lookUpNetwork(data, text)
    const live = isLive(readState(held.directory))
    if (!network && live && !force) findNetwork(data, text)
    const endpoints = endpointsOf(data, record)
    const left = endpoints.find((endpoint) => isMeant(data, endpoint, network, text))
    if (!left && network && isThere(held, network.id)) {
      return await leave(engine, held, network.id, endpoints)
    }
    if (!left) {
      const what = live ? 'network' : 'the network'
      throw bad(`container ${record.id} is not connected to ${what} ${network?.name ?? text}`)
    }
    if (live && network?.driver === 'host') {
      throw bad('container cannot be disconnected from host network or connected to host network')
    }
    const rest = endpoints.filter((endpoint) => endpoint !== left)
    await held.settled()
    if (network?.predefined !== true || network.driver === 'bridge') {
      if (isThere(held, left.networkId)) await leave(engine, held, left.networkId, rest)
      await movePorts(engine, held, endpoints, rest)
    }
    changeHosts(held, (hosts) => withoutLinks(hosts, left))
    held.save({ ...record, networks: rest })
    if (network) recordChange(data, network, record.id, 'disconnect')
  })
}

/** The container that is taken off a network; with `force` Docker asks the network first. Throws `no-such-endpoint`. */
export function findToDisconnect(
  data: string,
  { container, network, force }: { container: string; network: string; force: boolean },
): Container {
  try {
    return findContainer(data, container, { asWritten: true })
  } catch (error) {
    if (!force || !(error instanceof LighterError && error.code === 'no-such-container'))
      throw error
    findNetwork(data, network)
    throw new LighterError('no-such-endpoint', `endpoint ${container} not found`)
  }
}

/** By what the network is, else by what the container calls it. */
function isMeant(
  data: string,
  endpoint: Endpoint,
  network: NetworkRecord | undefined,
  text: string,
): boolean {
  if (!network) return text !== '' && [endpoint.network, endpoint.networkId].includes(text)
  return (
    endpoint.networkId === network.id ||
    (endpoint.network === network.name && isGone(data, endpoint))
  )
}

/**
 * Whether the running container has a link there. A command that was killed between the change and its record leaves them at odds:
 * the next one that is about the same network brings the link in line with the record.
 */
function isThere({ directory }: HeldContainer, networkId: string): boolean {
  const state = readState(directory)
  return state.status === 'running' && state.networks.some(({ id }) => id === networkId)
}

/** `rest`: the networks that stay. */
async function leave(
  { paths }: Engine,
  held: HeldContainer,
  disconnect: string,
  rest: readonly Endpoint[],
): Promise<void> {
  const route = findWayOut(paths.data, rest)?.id
  const links = planLinks(paths.data, rest)
  await askNetwork(paths, held, { disconnect, links, ...(route ? { route } : {}) })
}

/** Links on the default network are lines of the file, where the container runs and so has one. */
function hostsOfLinks(data: string, { record, directory }: HeldContainer, own: Endpoint): string {
  if (readState(directory).status !== 'running') return ''
  return linkedHosts(data, { ...record, networks: [own] }).join('')
}

/** In place, since the file is mounted in the container. */
function changeHosts({ directory }: HeldContainer, change: (text: string) => string): void {
  const path = join(directory, 'hosts')
  const text = readSmallFile(path, MAX_HOSTS)?.toString('utf8')
  if (text === undefined) return
  const changed = change(text)
  if (changed !== text) writeFileSync(path, changed)
}

const MAX_HOSTS = 1024 * 1024

function checkMode(
  { host, id }: ContainerRecord,
  network: NetworkRecord,
  endpoints: readonly Endpoint[],
): void {
  if (network.driver === 'host') {
    throw bad('container cannot be disconnected from host network or connected to host network')
  }
  if (host.networkMode === 'host' || host.networkMode.startsWith('container:')) {
    throw bad(
      'container sharing network namespace with another container or host cannot be connected to any other network',
    )
  }
  const others = endpoints.filter(({ networkId }) => networkId !== network.id)
  if (others.some(({ network: name }) => name === 'none' || network.driver === 'null')) {
    throw bad(
      'container cannot be connected to multiple networks with one of the networks in private (none) mode',
    )
  }
  if (host.networkMode !== 'none' && !isBridged(host.networkMode)) {
    throw new LighterError(
      'conflict',
      `container ${id} is in the network mode ${host.networkMode}, which has no other networks`,
    )
  }
}

/** The first network with names brings the name server; in place, since the file is mounted in the container. */
function rewriteResolver({ record, directory }: HeldContainer): void {
  const path = join(directory, 'resolv.conf')
  if (existsSync(path)) writeFileSync(path, resolvConf(record.host.networkMode, record.host, true))
}

/** Tells the name server what the running container is called from now on. */
export async function announceNames(places: Places, held: HeldContainer): Promise<void> {
  const { record } = held
  if (!isNamed(record)) return
  const names = (record.networks ?? []).map((endpoint) => [
    endpoint.networkId,
    isOwnNetwork(endpoint.network) ? namesOn(record, endpoint) : [],
  ])
  try {
    await askNetwork(places, held, { names: Object.fromEntries(names) })
  } catch (error) {
    // Nobody asks for one that is just ending.
    if (!(error instanceof LighterError) || error.code !== 'not-running') throw error
  }
}

const interfacesOf = (state: ContainerState): Set<string> =>
  new Set(state.status === 'running' ? state.networks.map((network) => network.interface) : [])

/** The way out says where ports are published: another one may say otherwise. */
async function movePorts(
  { paths }: Engine,
  held: HeldContainer,
  before: readonly Endpoint[],
  after: readonly Endpoint[],
): Promise<void> {
  const [old, publish] = [before, after].map((endpoints) =>
    planPorts(held.record, defaultAddresses(paths.data, endpoints)),
  )
  if (!old || !publish || JSON.stringify(old) === JSON.stringify(publish)) return
  const unpublish = old.map(({ protocol, port }) => ({ protocol, port, number: 0 }))
  await askNetwork(paths, held, { publish, unpublish })
}

/** Has the monitor of a running container change its networks; of others there is nothing to change. */
export async function askNetwork(
  places: Places,
  { record, directory }: HeldContainer,
  change: NetworkChange,
): Promise<void> {
  const state = readState(directory)
  if (state.status !== 'running') return
  using control = await connectMonitor(places.runtime, { record, directory }, state)
  try {
    await control?.changeNetwork(change)
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    if (error.code !== 'not-running') throw bad(error.message)
    // It ended meanwhile; whether it starts again, and with what networks, is not said yet.
    if (readState(directory).status === 'running') throw notRunning(record.id)
  }
}

/** One that does not run is connected, and that is told, when it is started. */
function recordConnected(data: string, network: NetworkRecord, held: HeldContainer): void {
  if (!isLive(readState(held.directory))) return
  recordChange(data, network, held.record.id, 'connect')
}

function recordChange(
  data: string,
  { id, name, driver }: NetworkRecord,
  container: string,
  action: 'connect' | 'disconnect',
): void {
  const attributes = { container, name, type: driver }
  recordEvent(data, { type: 'network', action, id, attributes })
}
