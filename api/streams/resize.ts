import { findContainer, stateOf } from '../../lib/container/catalog.ts'
import { isLive } from '../../lib/container/state.ts'
import { connectMonitor, notRunning } from '../../lib/container/stop.ts'
import type { Call } from '../http/call.ts'
import { badRequest } from '../http/errors.ts'
import type { Query } from '../http/query.ts'

/** What the kernel keeps a size of a terminal in. */
const MAX_SIZE = 65535

/** `POST /containers/:id/resize`: the size of the container's terminal. */
export async function resize({ engine, params, query, reply }: Call): Promise<void> {
  const { rows, columns } = sizeOf(query)
  const name = params.id ?? ''
  const container = findContainer(engine.paths.data, name)
  const state = stateOf(container, name)
  using control = isLive(state)
    ? await connectMonitor(engine.paths.runtime, container, state)
    : undefined
  if (!control) throw notRunning(container.record.id)
  control.resize(rows, columns)
  await control.sent()
  reply.empty(200)
}

/** Throws 400 for what is no size. */
export function sizeOf(query: Query): { rows: number; columns: number } {
  return { rows: numberOf(query, 'h'), columns: numberOf(query, 'w') }
}

function numberOf(query: Query, name: string): number {
  const value = query.int(name)
  if (value === undefined) throw badRequest('strconv.Atoi: parsing "": invalid syntax')
  if (value < 0 || value > MAX_SIZE) {
    throw badRequest(`strconv.ParseUint: parsing "${value}": value out of range`)
  }
  return value
}
