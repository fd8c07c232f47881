import type { Socket } from 'node:net'
import { type Container, findContainer } from '../../lib/container/catalog.ts'
import { findState, isLive } from '../../lib/container/state.ts'
import { Control } from '../../lib/runtime/control.ts'
import { atLeast } from '../http/api-version.ts'
import type { Call } from '../http/call.ts'
import { badRequest } from '../http/errors.ts'
import { lastExitCode, Watch } from './watch.ts'

/** What a client waits for. */
const CONDITIONS = ['not-running', 'next-exit', 'removed'] as const
type Condition = (typeof CONDITIONS)[number]

/** As a container is said to have ended whose monitor did not live to see it. */
const KILLED = 137

/**
 * `POST /containers/:id/wait`: the exit code of a container, once it has one. The head of the answer is sent as soon as no end can be
 * missed any more: clients start the container after that.
 */
export async function wait(call: Call): Promise<void> {
  const { reply } = call
  const condition = conditionOf(call)
  const container = await find(call)
  if (!container) return
  using watch = new Watch(call, container)
  const ended = endOf(call, container, watch, condition)
  // Clients of old do not expect it before there is an answer.
  const early = atLeast(call.version, 30) ? reply.stream('application/json') : undefined
  const result = await ended
  if (result === undefined) return
  const answer = early ?? reply.stream('application/json')
  await answer.write(`${JSON.stringify(result)}\n`)
  answer.end()
}

/** The container; `undefined` where it has ended and gone since it was started, which is answered here. */
async function find({ engine, service, params, reply }: Call): Promise<Container | undefined> {
  const { id = '' } = params
  try {
    return findContainer(engine.paths.data, id)
  } catch (error) {
    if (!service.throwaways.has(id)) throw error
    const exitCode = await lastExitCode(engine.paths.data, id)
    if (exitCode === undefined) throw error
    reply.json({ StatusCode: exitCode })
    return undefined
  }
}

function conditionOf({ query, version }: Call): Condition {
  const text = query.text('condition')
  if (text === '' || !atLeast(version, 30)) return 'not-running'
  const known = CONDITIONS.find((condition) => condition === text)
  if (known === undefined) throw badRequest(`invalid condition: ${JSON.stringify(text)}`)
  return known
}

interface Result {
  Error?: { Message: string }
  StatusCode: number
}

/** `undefined` when nobody waits for it any more. Whatever has to be watched for is, once it has returned its promise. */
async function endOf(
  { service, signal }: Call,
  container: Container,
  watch: Watch,
  condition: Condition,
): Promise<Result | undefined> {
  const { directory } = container
  const state = watch.first
  if (condition === 'not-running' && state && !isLive(state)) return recorded(directory, 0)
  let code = state?.status === 'exited' ? state.exitCode : 0
  for (;;) {
    const run = await watch.run('')
    if (run.kind === 'aborted') return undefined
    if (run.kind === 'gone') return { StatusCode: watch.exitCode ?? code }
    if (run.kind === 'failed') continue
    const end = run.kind === 'missed' ? 'unseen' : await endOfRun(run.socket, signal)
    if (signal.aborted) return undefined
    if (end === undefined) {
      // One that came too late for the monitor to take it has missed the end. Else it was not started after all.
      if (run.kind === 'connected' && !run.early) watch.lost()
      continue
    }
    await service.outputs.sent(container.record.id)
    code = end === 'unseen' ? (watch.exitCode ?? KILLED) : end
    if (condition !== 'removed') return recorded(directory, code)
    if (!findState(directory)) return { StatusCode: code }
  }
}

/** The exit code; `unseen` when the connection broke before the end, `undefined` when there was no beginning. */
async function endOfRun(
  socket: Socket,
  signal: AbortSignal,
): Promise<number | 'unseen' | undefined> {
  using control = Control.over(socket)
  const stop = () => socket.destroy()
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop)
  try {
    const report = await control.runEnd()
    if (report) return report.exitCode
    return control.hasStarted ? 'unseen' : undefined
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** With what the container's state says of the end; `code`: where it says nothing. */
function recorded(directory: string, code: number): Result {
  const state = findState(directory)
  if (!state || isLive(state)) return { StatusCode: code }
  const { error = '', exitCode = code } = state
  return { ...(error === '' ? {} : { Error: { Message: error } }), StatusCode: exitCode }
}
