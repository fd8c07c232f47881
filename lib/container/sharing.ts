import { LighterError } from '../core/errors.ts'
import { findContainer, readContainer } from './catalog.ts'
import type { NamespaceModes } from './options.ts'
import type { ContainerRecord } from './record.ts'
import { readState } from './state.ts'

/** Namespaces of other containers as paths below /proc; `user` goes with any of them. */
export interface SharedNamespaces {
  user?: string
  pid?: string
  ipc?: string
}

const PREFIX = 'container:'

/** The modes with the ids of the containers that they name. Throws `no-such-container`, `bad-input`. */
export function resolveModes(data: string, modes: NamespaceModes): NamespaceModes {
  const resolved = { ...modes }
  for (const kind of ['pid', 'ipc'] as const) {
    const mode = modes[kind]
    if (!mode?.startsWith(PREFIX)) continue
    const { record } = findContainer(data, mode.slice(PREFIX.length))
    resolved[kind] = `${PREFIX}${record.id}`
  }
  const { ipc } = modes
  if (ipc && !/^(host|none|private|shareable|container:.+)$/s.test(ipc)) {
    throw new LighterError('bad-input', `invalid IPC mode: ${ipc}`)
  }
  return resolved
}

/** Where the namespaces are that a container joins. Throws `bad-input` when another is not running or does not share. */
export function findShared(data: string, record: ContainerRecord): SharedNamespaces {
  const modes = record.host.namespaces ?? {}
  const shared: SharedNamespaces = {}
  for (const kind of ['pid', 'ipc'] as const) {
    const mode = modes[kind]
    if (!mode?.startsWith(PREFIX)) continue
    const process = findProcess(data, mode.slice(PREFIX.length), kind)
    const user = `/proc/${process}/ns/user`
    // The kernel lets a process enter a namespace only with the user namespace that owns it.
    if (shared.user !== undefined && shared.user !== user) {
      throw new LighterError(
        'bad-input',
        'cannot join namespaces of two containers: each has a user namespace of its own',
      )
    }
    shared.user = user
    shared[kind] = `/proc/${process}/ns/${kind}`
  }
  return shared
}

function findProcess(data: string, id: string, kind: 'pid' | 'ipc'): number {
  const container = readContainer(data, id)
  if (!container) throw new LighterError('no-such-container', `No such container: ${id}`)
  const state = readState(container.directory)
  const refuse = (reason: string): LighterError =>
    new LighterError(
      'not-running',
      `failed to join ${kind.toUpperCase()} namespace: container ${id}${reason}`,
    )
  if (state.status !== 'running') throw refuse(' is not running')
  if (kind === 'ipc' && !/^(shareable|host)$/.test(container.record.host.namespaces?.ipc ?? '')) {
    throw refuse(': non-shareable IPC (hint: use IpcMode:shareable for the donor container)')
  }
  return state.process.pid
}
