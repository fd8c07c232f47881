import type { Duplex } from 'node:stream'
import { type Container, findContainer, stateOf } from '../../lib/container/catalog.ts'
import { recordContainerEvent } from '../../lib/container/events.ts'
import { logDriver } from '../../lib/container/log-config.ts'
import { isLive } from '../../lib/container/state.ts'
import { frame } from '../../lib/runtime/control.ts'
import { atLeast } from '../http/api-version.ts'
import type { Call } from '../http/call.ts'
import { ApiError } from '../http/errors.ts'
import { MULTIPLEXED_STREAM, RAW_STREAM } from '../http/reply.ts'
import { carry, closeClient, type Ending, endWith } from './carry.ts'
import { DetachKeys } from './detach-keys.ts'
import { MonitorOutput } from './monitor-output.ts'
import { noticeDeath, probing } from './presence.ts'
import { type Run, Watch } from './watch.ts'

/** What a client asks for when it attaches. */
export interface AttachWishes {
  stream: boolean
  logs: boolean
  stdin: boolean
  stdout: boolean
  stderr: boolean
  keys: DetachKeys
  /** Without a word of which stream something came from, which a terminal has not anyway. */
  isBare: boolean
}

/**
 * `POST /containers/:id/attach`: the connection becomes the container's streams. Of a container that does not run it becomes those of
 * its next run, from the first byte on.
 */
export async function attach(call: Call): Promise<void> {
  const wishes = wishesOf(call)
  const container = findAttachable(call)
  const { tty } = container.record.config
  const isTold = atLeast(call.version, 42) && call.headers.upgrade !== undefined
  const type = isTold && !tty ? MULTIPLEXED_STREAM : RAW_STREAM
  await serveAttached(call, container, wishes, () => call.reply.hijack(type))
}

export function wishesOf({ query }: Call): AttachWishes {
  return {
    stream: query.bool('stream'),
    logs: query.bool('logs'),
    stdin: query.bool('stdin'),
    stdout: query.bool('stdout'),
    stderr: query.bool('stderr'),
    keys: new DetachKeys(query.text('detachKeys')),
    isBare: false,
  }
}

/** Throws 404, and 409 for a container that is in no state for it. */
export function findAttachable({ engine, params }: Call): Container {
  const name = params.id ?? ''
  const container = findContainer(engine.paths.data, name)
  const state = stateOf(container, name)
  if (state.status === 'running' && state.paused) {
    throw new ApiError(409, `container ${name} is paused, unpause the container before attach`)
  }
  if (state.status === 'restarting') {
    throw new ApiError(409, `container ${name} is restarting, wait until the container is running`)
  }
  return container
}

/** Serves an attached client to the end. `open`: makes the connection a stream, once all that can be refused has been. */
export async function serveAttached(
  call: Call,
  container: Container,
  wishes: AttachWishes,
  open: () => Duplex,
): Promise<void> {
  using watch = new Watch(call, container)
  const isLogged = wishes.logs && logDriver(container.record.host.logConfig) !== 'none'
  const letters = lettersOf(container, wishes)
  const isRunning = watch.first !== undefined && isLive(watch.first)
  // Whoever is told that it is attached has to be.
  if (wishes.stream && !isRunning && letters !== '') await watch.expect(letters)
  const first = wishes.stream ? watch.run(letters) : undefined
  // Its failure is met where it is waited for, maybe after a long log.
  first?.catch(() => undefined)
  if (isRunning) await first
  const client = open()
  client.on('error', () => client.destroy())
  endWith(call.signal, client)
  noticeDeath(client)
  // What it sends is of no interest, but for its end.
  if (!letters.includes('i')) client.resume()
  recordContainerEvent(call.engine.paths.data, container.record, 'attach')
  try {
    if (isLogged) await replayLog(container, wishes, client)
  } catch (error) {
    // Nobody else closes the connection that was, or will be, found.
    void first?.then(drop, () => undefined)
    throw error
  }
  if (first) await follow(call, { container, wishes, watch, client, letters }, first)
  await closeClient(client)
}

function drop(run: Run): void {
  if (run.kind === 'connected') run.socket.destroy()
}

/** What it is attached to, as far as the container has it. */
function lettersOf({ record }: Container, { stdin, stdout, stderr }: AttachWishes): string {
  const { config, host } = record
  if (logDriver(host.logConfig) === 'passthrough') return ''
  const input = stdin && config.openStdin ? 'i' : ''
  return `${input}${stdout ? 'o' : ''}${stderr && !config.tty ? 'e' : ''}`
}

async function replayLog(
  container: Container,
  wishes: AttachWishes,
  client: Duplex,
): Promise<void> {
  const { writeLog } = await import('./attach-log.ts')
  await writeLog(container, wishes, client)
}

/** Returns once the client's connection has taken all that was written to it. */
async function flushed(client: Duplex): Promise<void> {
  if (client.destroyed || client.writableLength === 0) return
  await new Promise<void>((resolve) => client.write(Buffer.alloc(0), () => resolve()))
}

interface Following {
  container: Container
  wishes: AttachWishes
  watch: Watch
  client: Duplex
  letters: string
}

async function follow(call: Call, following: Following, first: Promise<Run>): Promise<void> {
  const { container, watch, client, letters } = following
  for (let next = first; ; next = watch.run(letters)) {
    const run = await whileProbed(client, next)
    if (run.kind !== 'connected') return
    const attached = attachTo(following, run)
    call.service.outputs.note(
      container.record.id,
      attached.then(() => flushed(client)),
    )
    const ending = await attached
    if (ending === 'detached')
      recordContainerEvent(call.engine.paths.data, container.record, 'detach')
    // A start that did not come about is waited for again.
    if (ending !== 'unstarted') return
    if (run.early) await watch.expect(letters)
    else watch.lost()
  }
}

/** What a client has sent is kept for the run that it waits for: until then it is not read. */
async function whileProbed<Result>(client: Duplex, wait: Promise<Result>): Promise<Result> {
  using _ = probing(client)
  return await wait
}

async function attachTo(
  { container, wishes, client, letters }: Following,
  { socket, early }: Extract<Run, { kind: 'connected' }>,
): Promise<Ending | 'unstarted'> {
  const { config } = container.record
  const stdin = letters.includes('i')
  if (!early) socket.write(frame('A', Buffer.from(attachJson(letters))))
  const output = new MonitorOutput(config.tty || wishes.isBare)
  const ending = await carry({
    client,
    monitor: socket,
    output,
    stdin,
    tty: config.tty,
    closesStdin: config.stdinOnce,
    keys: stdin && config.tty ? wishes.keys : undefined,
  })
  const isStart = ending === 'over' || ending === 'broken'
  return isStart && !output.hasStarted ? 'unstarted' : ending
}

const attachJson = (letters: string): string =>
  JSON.stringify({
    stdin: letters.includes('i'),
    stdout: letters.includes('o'),
    stderr: letters.includes('e'),
  })
