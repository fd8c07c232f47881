import { setTimeout as delay } from 'node:timers/promises'
import {
  execState,
  type RecordedExec,
  resizeExec as resize,
} from '../../lib/container/exec-record.ts'
import { isLive, readState } from '../../lib/container/state.ts'
import { notRunning } from '../../lib/container/stop.ts'
import type { Call } from '../http/call.ts'
import { ApiError } from '../http/errors.ts'
import { findExecOr404 } from './exec-inspect.ts'
import { sizeOf } from './resize.ts'

/** How long a process may take from its making to its start, in milliseconds, and how often it is looked for. */
const TIMEOUT = 10_000
const INTERVAL = 20

/**
 * `POST /exec/:id/resize`: the size of its terminal, whoever started it. Clients ask for it when the start is under way: it is waited
 * for.
 */
export async function resizeExec({ engine, params, query, reply, signal }: Call): Promise<void> {
  const { rows, columns } = sizeOf(query)
  const exec = findExecOr404(engine.paths.data, params.id ?? '')
  await resizeOnceStarted(exec, rows, columns, signal)
  reply.empty(200)
}

async function resizeOnceStarted(
  exec: RecordedExec,
  rows: number,
  columns: number,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + TIMEOUT
  for (;;) {
    if (!isLive(readState(exec.container.directory))) throw notRunning(exec.container.record.id)
    const state = await execState(exec)
    if (state.status === 'ended') throw new ApiError(500, 'cannot resize a stopped container')
    if (await resize(exec, rows, columns)) return
    if (performance.now() > deadline || signal.aborted) break
    await delay(INTERVAL)
  }
  throw new ApiError(500, 'timeout waiting for exec session ready')
}
