import { existsSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isErrno, LighterError } from '../core/errors.ts'
import { listNames } from '../fs/drafts.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'
import { claimFile, replaceFile } from '../fs/replace.ts'
import { isAlive, ownIdentity, type ProcessIdentity, signalProcess } from '../host/process.ts'
import { writeExecFile } from '../runtime/exec.ts'
import { type Container, missing, readContainer } from './catalog.ts'
import type { ExecWishes } from './exec-request.ts'

/**
 * A further process of a container that is made first and started later, maybe by another program. Its files are
 * DIR/exec/ID.created (this), .started (who started it), .running and .ended (of the native program), .size (for it).
 */
export interface ExecRecord {
  version: 1
  wishes: Omit<ExecWishes, 'detach' | 'consoleSize'>
  attach: { stdout: boolean; stderr: boolean }
  consoleSize: [number, number]
  /** As they were asked for. */
  detachKeys: string
}

export interface RecordedExec {
  id: string
  container: Container
  record: ExecRecord
}

export type ExecState =
  | { status: 'created' }
  /** `pid`: 0 before there is a process. */
  | { status: 'running'; pid: number }
  | { status: 'ended'; pid: number; exitCode: number }

const MAX_RECORD = 8 * 1024 * 1024
const MAX_STATE = 4096
/** Of a process of which nobody saw the end. */
const LOST = 137
/** So long the exit code can be asked for, in milliseconds. */
const KEPT = 300_000

const ENDINGS = ['created', 'started', 'running', 'ended'] as const
/** Read and unlinked by the native program. */
const SIZE = 'size' as const
type Ending = (typeof ENDINGS)[number] | typeof SIZE

const fileOf = (directory: string, id: string, ending: Ending): string =>
  join(directory, 'exec', `${id}.${ending}`)

/** Keeps a record where nobody else can read it: an environment may hold secrets. Returns whether the container is still there. */
export function writeExecRecord(container: Container, id: string, record: ExecRecord): boolean {
  sweep(container.directory)
  return writeExecFile(container.directory, `${id}.created`, JSON.stringify(record)) !== undefined
}

/** What ended a while ago goes: a container may have a process every second. */
function sweep(directory: string): void {
  const old = Date.now() - KEPT
  for (const name of listNames(join(directory, 'exec'))) {
    if (!name.endsWith('.ended')) continue
    const written = statSync(join(directory, 'exec', name), { throwIfNoEntry: false })?.mtimeMs
    if (written === undefined || written > old) continue
    const id = name.slice(0, -'.ended'.length)
    for (const ending of [...ENDINGS, SIZE]) rmSync(fileOf(directory, id, ending), { force: true })
  }
}

/** Finds a record by its whole id, whatever container it is of. */
export function findExec(data: string, id: string): RecordedExec | undefined {
  if (!/^[0-9a-f]{64}$/.test(id)) return undefined
  for (const owner of listNames(join(data, 'containers'))) {
    const bytes = readSmallFile(fileOf(join(data, 'containers', owner), id, 'created'), MAX_RECORD)
    const record = parseJson(bytes) as ExecRecord | undefined
    const container = record?.version === 1 ? readContainer(data, owner) : undefined
    if (record && container) return { id, container, record }
  }
  return undefined
}

/** Only one may start it: throws `conflict` for all others, `no-such-container` when the container has gone. */
export function claimExec({ id, container: { directory, record } }: RecordedExec): void {
  try {
    if (claimFile(fileOf(directory, id, 'started'), JSON.stringify(ownIdentity()))) return
  } catch (error) {
    if (isErrno(error, 'ENOENT')) throw missing(record.id)
    throw error
  }
  const ended = readEnd(directory, id) !== undefined
  throw new LighterError(
    'conflict',
    `Error: Exec command ${id} ${ended ? 'has already run' : 'is already running'}`,
  )
}

/** What becomes of one that could not be started. */
export function recordExecFailure({ id, container }: RecordedExec, exitCode: number): void {
  try {
    replaceFile(fileOf(container.directory, id, 'ended'), `${JSON.stringify({ exitCode })}\n`)
  } catch (error) {
    // The container went meanwhile, and with it whoever could be asked for this.
    if (!isErrno(error, 'ENOENT')) throw error
  }
}

/** How long who has ended may take to say so, in tries of 10 milliseconds. */
const TRIES = 20

export async function execState({ id, container }: RecordedExec): Promise<ExecState> {
  const { directory } = container
  for (let left = TRIES; ; left--) {
    // In this order: who is ended is no longer running.
    const starter = readIdentity(fileOf(directory, id, 'started'))
    const running = readIdentity(fileOf(directory, id, 'running'))
    const end = readEnd(directory, id)
    const pid = running?.pid ?? 0
    if (end) return { status: 'ended', ...end }
    if (running && (isAlive(running) || (running.keeper && isAlive(running.keeper)))) {
      return { status: 'running', pid }
    }
    if (!running && !starter) return { status: 'created' }
    if (!running && starter && isAlive(starter)) return { status: 'running', pid }
    if (left === 0) return { status: 'ended', pid, exitCode: LOST }
    await delay(10)
  }
}

/**
 * Changes the size of a running one's terminal, whichever program started it; returns once that has been done. `false`: there is no
 * process yet, or no more.
 */
export async function resizeExec(
  { id, container, record }: RecordedExec,
  rows: number,
  columns: number,
): Promise<boolean> {
  const { directory } = container
  const keeper = readIdentity(fileOf(directory, id, 'running'))?.keeper
  if (!keeper || !isAlive(keeper)) return false
  if (!record.wishes.tty) return true
  const wish = fileOf(directory, id, SIZE)
  try {
    replaceFile(wish, `${rows} ${columns}\n`)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false
    throw error
  }
  signalProcess(keeper, 'SIGWINCH')
  for (;;) {
    if (!existsSync(wish)) return true
    if (!isAlive(keeper)) {
      rmSync(wish, { force: true })
      return false
    }
    await delay(5)
  }
}

interface Running extends ProcessIdentity {
  keeper?: ProcessIdentity
}

function readIdentity(path: string): Running | undefined {
  const {
    pid = 0,
    startTime = '',
    bootId = '',
    keeper,
  } = (parseJson(readSmallFile(path, MAX_STATE)) ?? {}) as Partial<Running>
  return pid === 0 ? undefined : { pid, startTime, bootId, ...(keeper && { keeper }) }
}

function readEnd(directory: string, id: string): { exitCode: number; pid: number } | undefined {
  const end = parseJson(readSmallFile(fileOf(directory, id, 'ended'), MAX_STATE))
  const { exitCode, pid = 0 } = (end ?? {}) as { exitCode?: unknown; pid?: number }
  return typeof exitCode === 'number' ? { exitCode, pid } : undefined
}
