import { LighterError } from '../core/errors.ts'
import { type Container, findContainer } from './catalog.ts'
import type { NamespaceModes } from './options.ts'
import type { ContainerRecord } from './record.ts'
import { readState } from './state.ts'

/** What one container has of another's. */
export interface SharedNamespaces {
  /** Paths below /proc; `user` goes with any of them. */
  user?: string
  pid?: string
  ipc?: string
  network?: string
  /** The other one's network is the host's, which needs no joining. */
  hostNetwork?: true
  /** The other one, and what to say when it does not run. */
  donor?: { id: string; refusal: string }
}

const PREFIX = 'container:'

/** The id behind `container:`. */
export const joinedId = (mode: string | undefined): string | undefined =>
  mode?.startsWith(PREFIX) ? mode.slice(PREFIX.length) : undefined

/** The modes with the ids of the containers that they name. Throws `no-such-container`, `bad-input`. */
export function resolveModes(data: string, modes: NamespaceModes): NamespaceModes {
  const resolved = { ...modes }
  for (const kind of ['pid', 'ipc'] as const) {
    const id = joinedId(modes[kind])
    if (id === undefined) continue
    const { record } = findContainer(data, id, { asWritten: true })
    resolved[kind] = `${PREFIX}${record.id}`
    adoptUser(resolved, record)
  }
  const { ipc } = modes
  if (ipc && !/^(host|none|private|shareable|container:.+)$/s.test(ipc)) {
    throw new LighterError('bad-input', `invalid IPC mode: ${ipc}`)
  }
  return resolved
}

/** Whoever joins namespaces has the ids of their user namespace. */
function adoptUser(modes: NamespaceModes, donor: ContainerRecord): void {
  const theirs = donor.host.namespaces?.user
  if (modes.user !== undefined && modes.user !== theirs) {
    throw new LighterError(
      'bad-input',
      `conflicting options: --userns ${modes.user} and the namespaces of container ${donor.name}, which has other ids`,
    )
  }
  if (theirs !== undefined) modes.user = theirs
}

/**
 * `--network container:X` with the id of X, what the container takes over from it, and the modes that follow. As with Docker X need
 * not exist before the start.
 */
export function resolveNetwork(
  data: string,
  mode: string,
  modes: NamespaceModes | undefined,
): { mode: string; modes: NamespaceModes | undefined; hostname?: string; domainname?: string } {
  const donor = findDonor(data, joinedId(mode))
  if (!donor) return { mode, modes }
  const { record } = donor
  const resolved = { ...modes }
  adoptUser(resolved, record)
  const { hostname, domainname } = record.config
  return {
    mode: `${PREFIX}${record.id}`,
    modes: Object.keys(resolved).length > 0 ? resolved : undefined,
    hostname,
    ...(domainname === undefined ? {} : { domainname }),
  }
}

function findDonor(data: string, id: string | undefined): Container | undefined {
  if (id === undefined) return undefined
  try {
    return findContainer(data, id, { asWritten: true })
  } catch (error) {
    if (error instanceof LighterError && error.code === 'no-such-container') return undefined
    throw error
  }
}

/** Whose hosts, hostname and resolv.conf it has: its own, or those of the container whose network it joins. */
export function ownerOfFiles(data: string, container: Container): Container {
  const seen = new Set<string>()
  for (let current = container; ; ) {
    const donor = findDonor(data, joinedId(current.record.host.networkMode))
    if (!donor || seen.has(donor.record.id)) return current
    seen.add(donor.record.id)
    current = donor
  }
}

/** Where the namespaces are that a container joins. Throws `not-running` when another is not running or does not share. */
export function findShared(data: string, record: ContainerRecord): SharedNamespaces {
  const modes = record.host.namespaces ?? {}
  const shared: SharedNamespaces = {}
  const wanted = [
    ['network', joinedId(record.host.networkMode)],
    ['pid', joinedId(modes.pid)],
    ['ipc', joinedId(modes.ipc)],
  ] as const
  for (const [kind, text] of wanted) {
    if (text === undefined) continue
    if (kind === 'network' && findDonor(data, text)?.record.id === record.id) {
      throw new LighterError('not-running', 'cannot join own network')
    }
    const { id, pid } = findProcess(data, text, kind)
    if (kind === 'network' && hasHostNetwork(data, record)) {
      shared.hostNetwork = true
      continue
    }
    // The kernel lets a process enter a namespace only with the user namespace that owns it.
    if (shared.donor && shared.donor.id !== id) {
      throw new LighterError(
        'bad-input',
        'cannot join namespaces of two containers: each has a user namespace of its own',
      )
    }
    shared.donor ??= { id, refusal: NOT_RUNNING[kind](id) }
    shared.user = `/proc/${pid}/ns/user`
    shared[kind] = `/proc/${pid}/ns/${NAMES[kind]}`
  }
  return shared
}

/** Whether the last of those whose network it joins has the host's. */
function hasHostNetwork(data: string, record: ContainerRecord): boolean {
  const seen = new Set<string>()
  for (let current = record; !seen.has(current.id); ) {
    seen.add(current.id)
    const { networkMode } = current.host
    const donor = findDonor(data, joinedId(networkMode))
    if (!donor) return networkMode === 'host'
    current = donor.record
  }
  return false
}

type Kind = 'network' | 'pid' | 'ipc'

const NAMES: Record<Kind, string> = { network: 'net', pid: 'pid', ipc: 'ipc' }

const NOT_RUNNING: Record<Kind, (id: string) => string> = {
  network: (id) => `cannot join network of a non running container: ${id}`,
  pid: (id) => `failed to join PID namespace: container ${id} is not running`,
  ipc: (id) => `failed to join IPC namespace: container ${id} is not running`,
}

function findProcess(data: string, text: string, kind: Kind): { id: string; pid: number } {
  const container = findDonor(data, text)
  // Not 'no-such-container': the one that is started is there.
  if (!container) throw new LighterError('not-running', `No such container: ${text}`)
  const { id, host } = container.record
  const state = readState(container.directory)
  if (state.status !== 'running') throw new LighterError('not-running', NOT_RUNNING[kind](id))
  if (kind === 'ipc' && !/^(shareable|host)$/.test(host.namespaces?.ipc ?? '')) {
    throw new LighterError(
      'not-running',
      `failed to join IPC namespace: container ${id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
    )
  }
  return { id, pid: state.process.pid }
}
