import { join } from 'node:path'
import { parseJson, readSmallFile } from '../fs/read.ts'
import { isAlive, type ProcessIdentity } from '../host/process.ts'

export interface ContainerAddress {
  address: string
  prefix: number
  gateway: string
  mac: string
}

export type ContainerState =
  | { status: 'created'; error?: string; exitCode?: number }
  | {
      status: 'running'
      process: ProcessIdentity
      monitor: ProcessIdentity
      startedAt: string
      network: ContainerAddress | undefined
    }
  | {
      status: 'exited'
      exitCode: number
      oomKilled: boolean
      error: string
      startedAt: string
      finishedAt: string
    }

const MAX_STATE = 64 * 1024

interface StateDocument {
  status: 'running' | 'exited' | 'created' | 'failed'
  pid?: number
  startTime?: string | number
  bootId?: string
  monitor?: ProcessIdentity
  startedAt?: string
  finishedAt?: string
  network?: ContainerAddress
  exitCode?: number
  oomKilled?: boolean
  error?: string
}

/** The state as the monitor recorded it; a running container whose processes are gone is an exited one. */
export function readState(directory: string): ContainerState {
  const document = parseJson(readSmallFile(join(directory, 'state.json'), MAX_STATE))
  return document ? interpretState(document as StateDocument, isAlive) : { status: 'created' }
}

/** Pure half of `readState`. */
export function interpretState(
  document: StateDocument,
  alive: (identity: ProcessIdentity) => boolean,
): ContainerState {
  const startedAt = document.startedAt ?? ''
  if (document.status === 'running') {
    const { pid = 0, startTime = '', bootId = '' } = document
    const own = { pid, startTime: String(startTime), bootId }
    const monitor = document.monitor ?? own
    // The monitor records the end: while it lives, a dead process is one that is just being reaped.
    if (alive(monitor)) {
      return { status: 'running', process: own, monitor, startedAt, network: document.network }
    }
    return {
      status: 'exited',
      exitCode: 137,
      oomKilled: false,
      error: 'monitor lost',
      startedAt,
      finishedAt: startedAt,
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
    }
  }
  return {
    status: 'created',
    ...(document.error === undefined ? {} : { error: document.error }),
    ...(document.exitCode === undefined ? {} : { exitCode: document.exitCode }),
  }
}
