import type { Socket } from 'node:net'
import type { Container } from '../../lib/container/catalog.ts'
import { type ContainerState, findState, isLive } from '../../lib/container/state.ts'
import { monitorSocket } from '../../lib/container/stop.ts'
import { nowNanoseconds } from '../../lib/core/instant.ts'
import { WaitingSocket } from '../../lib/runtime/waiting.ts'
import type { Call } from '../http/call.ts'

/** What waiting for a container's run led to. */
export type Run =
  /** `early`: connected before its process was started, to the streams that were asked for. */
  | { kind: 'connected'; socket: Socket; early: boolean }
  /** It ended before anybody could connect to it. */
  | { kind: 'missed' }
  | { kind: 'failed' }
  | { kind: 'gone' }
  | { kind: 'aborted' }

/** A container whose next run a client waits for, or whose present one. From its making on no end is missed. */
export class Watch implements Disposable {
  readonly #call: Call
  readonly #container: Container
  readonly #listening: Disposable
  readonly #abort = () => this.#nudge()
  #nudge: () => void = () => undefined
  #exitCode: number | undefined
  /** It was seen running, or heard of, and not connected to since. */
  #missed: boolean
  /** Where the next monitor connects, as long as it is waited for. */
  #waiting: WaitingSocket | undefined
  /** The next monitor's connection, which has not been asked for yet. */
  #called: Socket | undefined
  /** As it was in the beginning; `undefined` when it had gone already. */
  readonly first: ContainerState | undefined

  constructor(call: Call, container: Container) {
    this.#call = call
    this.#container = container
    const { containerEvents } = call.service
    this.#listening = containerEvents.listen(container.record.id, ({ Action, Actor }) => {
      if (Action === 'die') {
        this.#exitCode = Number(Actor.Attributes.exitCode ?? 0)
        this.#missed = true
      }
      if (['start', 'die', 'destroy'].includes(Action)) this.#nudge()
    })
    call.signal.addEventListener('abort', this.#abort)
    this.first = findState(container.directory)
    this.#missed = this.first !== undefined && isLive(this.first)
  }

  /** Of the last end that was heard of. */
  get exitCode(): number | undefined {
    return this.#exitCode
  }

  /**
   * From here on the next monitor connects to the container's streams by itself, whoever has the container started: nothing of what it
   * writes is lost. `streams`: as of `run`, whose own connection that is.
   */
  async expect(streams: string): Promise<void> {
    const { engine, service } = this.#call
    try {
      this.#waiting = await WaitingSocket.open(
        engine.paths.runtime,
        this.#container.record.id,
        streams,
        (socket) => this.#onCalled(socket),
      )
    } catch (error) {
      // It is found when it runs, some moments later.
      service.log(`wait for ${this.#container.record.id}: ${(error as Error).message}`)
    }
  }

  #onCalled(socket: Socket): void {
    socket.on('error', () => undefined)
    this.#called?.destroy()
    this.#called = socket
    this.#expectNobody()
    this.#nudge()
  }

  #expectNobody(): void {
    this.#waiting?.[Symbol.dispose]()
    this.#waiting = undefined
  }

  /**
   * A connection to the container's monitor, at once where it runs, else when it is started, by whomever. `streams`: what it is to be
   * attached to when it is started here, as of an `EarlyClient`.
   */
  async run(streams: string): Promise<Run> {
    const { service, signal } = this.#call
    const { record, directory } = this.#container
    for (;;) {
      const { startup, nudge } = service.startups.next(
        record.id,
        this.#isExpecting ? undefined : streams,
      )
      this.#nudge = nudge
      const state = findState(directory)
      if (signal.aborted || !state || isLive(state) || this.#missed || this.#called) nudge()
      const came = await startup
      if (came.kind === 'connected') return this.#found({ ...came, early: true })
      if (signal.aborted) return { kind: 'aborted' }
      if (came.kind === 'failed') {
        if (this.#isExpecting) continue
        return came
      }
      // What was seen running and is not any more has ended, whatever the journal tells when.
      if (state && isLive(state)) this.#missed = true
      const run = await this.#look()
      if (run) return this.#found(run)
    }
  }

  /** What has become of it; `undefined`: it does not run, and has not. */
  async #look(): Promise<Run | undefined> {
    const { paths } = this.#call.engine
    // A monitor connects before it tells anybody that the container runs: who is told first has not looked yet.
    if (this.#waiting) await turnOfLoop()
    const socket = this.#called
    if (socket) {
      this.#called = undefined
      return { kind: 'connected', socket, early: true }
    }
    const state = findState(this.#container.directory)
    if (!state) {
      this.#exitCode ??= await lastExitCode(paths.data, this.#container.record.id)
      return { kind: 'gone' }
    }
    if (isLive(state)) {
      const socket = await monitorSocket(paths.runtime, this.#container, state)
      if (socket) return { kind: 'connected', socket, early: false }
      this.#missed = true
      return undefined
    }
    if (!this.#missed) return undefined
    if (state.status === 'exited') this.#exitCode = state.exitCode
    return { kind: 'missed' }
  }

  /** The connection that was found broke without a word of the container's end: there may have been one. */
  lost(): void {
    this.#missed = true
  }

  get #isExpecting(): boolean {
    return this.#waiting !== undefined || this.#called !== undefined
  }

  #found(run: Run): Run {
    this.#missed = false
    this.#expectNobody()
    return run
  }

  [Symbol.dispose](): void {
    this.#expectNobody()
    this.#called?.destroy()
    this.#nudge()
    this.#listening[Symbol.dispose]()
    this.#call.signal.removeEventListener('abort', this.#abort)
  }
}

/** Returns when all has been looked at that was there to be read at the call. */
const turnOfLoop = (): Promise<void> =>
  new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

/** So much, in nanoseconds, may an event that has been written be ahead of the clock here, which is early by less. */
const EARLY = 1_000_000n

/** How far back the journal is asked for the end of a container that was seen running, in nanoseconds. */
const RECENT = 60_000_000_000n

/** Of a container that has gone, by its whole id; `undefined` when it has not ended lately. */
export async function lastExitCode(data: string, id: string): Promise<number | undefined> {
  const { readEvents } = await import('../../lib/events/read.ts')
  const until = nowNanoseconds() + EARLY
  const filters = new Map([
    ['container', [id]],
    ['event', ['die']],
  ])
  let exitCode: number | undefined
  for await (const { Actor } of readEvents(data, { since: until - RECENT, until, filters })) {
    exitCode = Number(Actor.Attributes.exitCode ?? 0)
  }
  return exitCode
}
