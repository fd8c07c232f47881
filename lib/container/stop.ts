import type { Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { LighterError } from '../core/errors.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'
import type { HostPaths } from '../host/paths.ts'
import { isAlive, isSuspended, signalProcess } from '../host/process.ts'
import { Control, openSocket } from '../runtime/control.ts'
import type { Plan } from '../runtime/plan.ts'
import { type Container, missing, nameInAddress, stateOf } from './catalog.ts'
import { recordContainerEvent } from './events.ts'
import { stopSignal } from './signals.ts'
import { findState, isLive, type LiveState, readState } from './state.ts'

export const SIGKILL = 9
const DEFAULT_TIMEOUT = 10
/** A monitor that lost its socket makes it anew when asked; it needs a moment. */
const RECONNECTS = 20
/** So often a monitor that is stopped is woken, a second each, until it is ended. */
const WAKES = 5
/** Seconds that a start may take whose container is to be gone. */
export const START_PATIENCE = 10
const MAX_PLAN = 1024 * 1024

/** Where the state is, and where monitors listen. */
export type Places = Pick<HostPaths, 'data' | 'runtime'>

export interface StopOptions {
  signal: string | undefined
  /** Seconds; negative: wait for ever. */
  timeout: number | undefined
}

/** Asks a container to end, then ends it. One that does not run is left as it is. `name`: what the user calls it. */
export async function stopContainer(
  { data, runtime }: Places,
  container: Container,
  options: StopOptions,
  name: string = container.record.name,
): Promise<void> {
  const { record } = container
  const state = stateOf(container, name)
  if (!isLive(state)) return
  const signal = stopSignal(name, record, options.signal)
  const timeout = options.timeout ?? record.config.stopTimeout ?? DEFAULT_TIMEOUT
  using control = await connectMonitor(runtime, container, state)
  if (!control) return
  recordContainerEvent(data, record, 'kill', { signal: String(signal) })
  control.stop(signal)
  if (!(await endsWithin(control, timeout))) {
    sendSignal(data, container, control, SIGKILL)
    await certainEnd(control, container, state)
  }
  recordContainerEvent(data, record, 'stop')
}

/** The event first: that of the end which the signal brings comes after it. */
function sendSignal(data: string, { record }: Container, control: Control, number: number): void {
  recordContainerEvent(data, record, 'kill', { signal: String(number) })
  control.signal(number)
}

/**
 * Waits for the end that SIGKILL brings, however long the monitor's work for it takes. One that does no work, because somebody
 * keeps it stopped or because the container's next start hangs, is ended itself: the container's processes go with it.
 */
async function certainEnd(
  control: Control,
  { directory }: Container,
  { monitor }: LiveState,
): Promise<void> {
  for (let woken = 0, starting = 0; !(await endsWithin(control, 1)); ) {
    if (isSuspended(monitor)) signalProcess(monitor, woken++ < WAKES ? 'SIGCONT' : 'SIGKILL')
    // It answers while it waits for the next start, and not in the midst of it.
    else if (readState(directory).status !== 'restarting') starting = 0
    else if (++starting > START_PATIENCE) signalProcess(monitor, 'SIGKILL')
  }
}

async function endsWithin(control: Control, seconds: number): Promise<boolean> {
  const ended = control.exit().then(() => true)
  if (seconds < 0) return await ended
  const cancel = new AbortController()
  const late = delay(seconds * 1000, false, { signal: cancel.signal }).catch(() => false)
  try {
    return await Promise.race([ended, late])
  } finally {
    cancel.abort()
  }
}

/** Sends a signal to a running container's first process. `name`: what the user calls it. Throws `not-running`, `no-such-container`. */
export async function killContainer(
  { data, runtime }: Places,
  container: Container,
  number: number,
  name: string = container.record.name,
): Promise<void> {
  const { record } = container
  const state = stateOf(container, name)
  if (!isLive(state)) throw notRunning(record.id)
  using control = await connectMonitor(runtime, container, state)
  if (!control) throw endedMeanwhile(container, name)
  sendSignal(data, container, control, number)
  // Docker answers after the end when the signal is certain to bring it.
  if (number === SIGKILL) await certainEnd(control, container, state)
  else await control.sent()
}

/**
 * Waits for the end of a container's present run, whatever its restart policy makes of it, and returns the exit code.
 * `name`: what the user calls it. Throws `no-such-container`.
 */
export async function waitContainer(
  runtime: string,
  container: Container,
  name: string,
): Promise<number> {
  const state = stateOf(container, name)
  if (isLive(state)) {
    using control = await connectMonitor(runtime, container, state)
    const report = await control?.runEnd()
    if (report) return report.exitCode
  }
  const last = stateOf(container, name)
  return last.status === 'exited'
    ? last.exitCode
    : last.status === 'created'
      ? (last.exitCode ?? 0)
      : 137
}

/** The monitor of a running container; `undefined` when it ended meanwhile. */
export async function connectMonitor(
  runtime: string,
  container: Container,
  state: LiveState,
): Promise<Control | undefined> {
  const socket = await monitorSocket(runtime, container, state)
  return socket && Control.over(socket)
}

/** The same as a bare connection. */
export async function monitorSocket(
  runtime: string,
  { record: { id }, directory }: Container,
  state: LiveState,
): Promise<Socket | undefined> {
  const listening = plannedRuntime(directory) ?? runtime
  for (let attempt = 0; attempt < RECONNECTS; attempt++) {
    const socket = await openSocket(listening, id)
    // One that somebody has stopped would not answer.
    signalProcess(state.monitor, socket ? 'SIGCONT' : 'SIGHUP')
    if (socket) return socket
    if (!isAlive(state.monitor)) return undefined
    await delay(10 * (attempt + 1))
  }
  throw new LighterError('native', `The monitor of container ${id} does not answer`)
}

/** Where its monitor listens: a session that began or ended since may have brought this user another directory. */
function plannedRuntime(directory: string): string | undefined {
  const plan = parseJson(readSmallFile(join(directory, 'plan.json'), MAX_PLAN))
  return (plan as Partial<Plan> | undefined)?.runtimeDir
}

/** What is said of a container that was running when it was looked at. */
export const endedMeanwhile = ({ record, directory }: Container, name: string): LighterError =>
  findState(directory) ? notRunning(record.id) : missing(nameInAddress(name))

export const notRunning = (id: string): LighterError =>
  new LighterError('not-running', `container ${id} is not running`)

export const stillRestarting = (id: string): LighterError =>
  new LighterError('conflict', `Container ${id} is restarting, wait until the container is running`)
