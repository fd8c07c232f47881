import { existsSync, statSync } from 'node:fs'
import { instantText } from '../core/instant.ts'
import { parseJson, readSmallText } from '../fs/read.ts'
import { isAlive, type ProcessIdentity } from '../host/process.ts'

/** Where a running container is on a network. */
export interface ContainerAddress {
  /** Of the network; empty: an uplink of its own. */
  id: string
  interface: string
  address: string
  prefix: number
  gateway: string
  mac: string
  address6?: string
  prefix6?: number
  gateway6?: string
}

/** A port of the host that leads to a running container. */
export interface PublishedPort {
  port: number
  protocol: string
  hostIp: string
  hostPort: number
}

export type ContainerState =
  | { status: 'created'; error?: string; exitCode?: number }
  | {
      status: 'running'
      process: ProcessIdentity
      monitor: ProcessIdentity
      startedAt: string
      networks: ContainerAddress[]
      ports: PublishedPort[]
      paused: boolean
      /** Memory ran out for a process of it. */
      oomKilled: boolean
      restartCount: number
      /** When the run before this one ended. */
      finishedAt: string | undefined
    }
  | {
      /** It ended, and its monitor is about to start it again. */
      status: 'restarting'
      monitor: ProcessIdentity
      exitCode: number
      oomKilled: boolean
      error: string
      startedAt: string
      finishedAt: string
      restartCount: number
    }
  | {
      status: 'exited'
      exitCode: number
      oomKilled: boolean
      error: string
      startedAt: string
      finishedAt: string
      restartCount: number
    }

/** A state that a monitor looks after. */
export type LiveState = Extract<ContainerState, { status: 'running' | 'restarting' }>

/** Docker's notion of running: its processes live, or will again without anybody's doing. */
export const isLive = (state: ContainerState): state is LiveState =>
  state.status === 'running' || state.status === 'restarting'

/** The error of a container whose monitor died before it could record an end. */
const MONITOR_LOST = 'monitor lost'

const MAX_STATE = 64 * 1024

/** The last entry that a monitor sent to the journal. */
export interface JournalEnd {
  epoch: string
  ordinal: number
}

interface StateDocument {
  journal?: JournalEnd
  status: 'running' | 'restarting' | 'exited' | 'created' | 'failed'
  pid?: number
  startTime?: string | number
  bootId?: string
  monitor?: ProcessIdentity
  startedAt?: string
  finishedAt?: string
  networks?: ContainerAddress[]
  ports?: PublishedPort[]
  exitCode?: number
  oomKilled?: boolean
  error?: string
  paused?: boolean
  restartCount?: number
  /** As in container.json; absent: no. */
  autoRemove?: boolean
}

/** The first state of a container of `run --rm`. */
export const UNSTARTED_THROWAWAY = '{"version":1,"status":"created","autoRemove":true}\n'

/**
 * The state as the monitor recorded it; a running container whose processes are gone is an exited one. For whoever asks whether it
 * runs: one that is gone does not.
 */
export const readState = (directory: string): ContainerState =>
  findState(directory) ?? { status: 'created' }

/** The state; `undefined` when the container is gone, which one that never ran and so has no recorded state is not. */
export function findState(directory: string): ContainerState | undefined {
  const document = readDocument(directory)
  if (document) return interpretState(document, isAlive, () => lastSign(directory))
  return existsSync(directory) ? { status: 'created' } : undefined
}

/** Which entry of the journal is the last of an ended container, when its monitor lived to say so. */
export const readJournalEnd = (directory: string): JournalEnd | undefined =>
  readDocument(directory)?.journal

/**
 * The state of a container that is up, or that somebody should have removed at its end; `undefined` for all others, of which
 * there may be thousands. One that a power cut tore does not tell which.
 */
export function readUnended(directory: string): ContainerState | undefined {
  const text = readText(directory)
  if (text === undefined) return undefined
  const document = parseJson(text) as StateDocument | undefined
  if (!document) return { status: 'created' }
  const state = interpretState(document, isAlive, () => lastSign(directory))
  return isLive(state) || document.autoRemove === true ? state : undefined
}

const readText = (directory: string): string | undefined =>
  readSmallText(`${directory}/state.json`, MAX_STATE)

const readDocument = (directory: string): StateDocument | undefined =>
  parseJson(readText(directory)) as StateDocument | undefined

/** What a monitor writes while its container runs: its state, what the container says, the answers of its health check. */
const SIGNS = ['state.json', 'container.log', 'health.json']

/**
 * When something was last heard of a container. Nobody saw the end of one whose monitor was killed; it came after that, and
 * whoever asks for it now may do so days later.
 */
function lastSign(directory: string): string {
  const times = SIGNS.map(
    (name) =>
      statSync(`${directory}/${name}`, { bigint: true, throwIfNoEntry: false })?.mtimeNs ?? 0n,
  )
  return instantText(times.sort((a, b) => (a < b ? -1 : 1)).at(-1) ?? 0n)
}

/** Pure half of `readState`. */
export function interpretState(
  document: StateDocument,
  alive: (identity: ProcessIdentity) => boolean,
  whenLast: () => string = () => '',
): ContainerState {
  const startedAt = document.startedAt ?? ''
  const restartCount = document.restartCount ?? 0
  if (document.status === 'restarting') return interpretRestarting(document, alive)
  if (document.status === 'running') {
    const { pid = 0, startTime = '', bootId = '' } = document
    const own = { pid, startTime: String(startTime), bootId }
    const monitor = document.monitor ?? own
    // The monitor records the end: while it lives, a dead process is one that is just being reaped.
    if (alive(monitor)) {
      return {
        status: 'running',
        process: own,
        monitor,
        startedAt,
        networks: document.networks ?? [],
        ports: document.ports ?? [],
        paused: document.paused === true,
        oomKilled: document.oomKilled === true,
        restartCount,
        finishedAt: document.finishedAt,
      }
    }
    const finishedAt = [startedAt, whenLast()].sort().at(-1) ?? startedAt
    return {
      status: 'exited',
      exitCode: 137,
      oomKilled: false,
      error: MONITOR_LOST,
      startedAt,
      finishedAt,
      restartCount,
    }
  }
  if (document.status === 'exited' && startedAt !== '') {
    return {
      status: 'exited',
      exitCode: document.exitCode ?? 0,
      oomKilled: document.oomKilled === true,
      error: document.error ?? '',
      startedAt,
      finishedAt: document.finishedAt ?? startedAt,
      restartCount,
    }
  }
  return {
    status: 'created',
    ...(document.error === undefined ? {} : { error: document.error }),
    ...(document.exitCode === undefined ? {} : { exitCode: document.exitCode }),
  }
}

/** Without its monitor nobody will start it again: it ended as recorded. */
function interpretRestarting(
  document: StateDocument,
  alive: (identity: ProcessIdentity) => boolean,
): ContainerState {
  const { monitor, startedAt = '', finishedAt = startedAt } = document
  const ended = {
    exitCode: document.exitCode ?? 0,
    oomKilled: document.oomKilled === true,
    error: document.error ?? '',
    startedAt,
    finishedAt,
    restartCount: document.restartCount ?? 0,
  }
  return monitor && alive(monitor)
    ? { status: 'restarting', monitor, ...ended }
    : { status: 'exited', ...ended }
}
