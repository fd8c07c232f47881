import { execState } from '../../lib/container/exec-record.ts'
import { isLive, readState } from '../../lib/container/state.ts'
import { notRunning } from '../../lib/container/stop.ts'
import type { Call } from '../http/call.ts'
import { ApiError } from '../http/errors.ts'
import { findExecOr404 } from './exec-inspect.ts'
import { sizeOf } from './resize.ts'

/** `POST /exec/:id/resize`: the size of its terminal. Clients ask for it when the start is under way: it is waited for. */
export async function resizeExec({ service, engine, params, query, reply }: Call): Promise<void> {
  const { rows, columns } = sizeOf(query)
  const id = params.id ?? ''
  const exec = findExecOr404(engine.paths.data, id)
  if (!isLive(readState(exec.container.directory))) throw notRunning(exec.container.record.id)
  const state = await execState(exec)
  if (state.status === 'ended') throw new ApiError(500, 'cannot resize a stopped container')
  const process = service.execs.find(id) ?? (await service.execs.wait(id))
  if (!process) throw new ApiError(500, 'timeout waiting for exec session ready')
  process.resize(rows, columns)
  reply.empty(200)
}
