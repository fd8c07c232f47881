import { findWithState } from '../../lib/container/catalog.ts'
import { topOf } from '../../lib/container/top.ts'
import type { Call } from '../http/call.ts'

/** `GET /containers/{id}/top` */
export async function top({ engine, params, query, reply }: Call): Promise<void> {
  const name = params.id ?? ''
  const container = findWithState(engine.paths.data, name)
  const words = query.text('ps_args').split(/\s+/).filter(Boolean)
  const { titles, rows } = await topOf(engine.paths.data, container, words, name)
  reply.json({ Processes: rows, Titles: titles })
}
