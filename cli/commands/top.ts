import { findWithState } from '../../lib/container/catalog.ts'
import { topOf } from '../../lib/container/top.ts'
import type { Context } from '../context.ts'
import { alignCells } from '../output/table.ts'
import type { Parsed } from '../parse.ts'

const MIN_WIDTH = 20

/** `top`: the processes of a container as the host's `ps` shows them. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const { data } = context.engine.paths
  const [text = '', ...words] = parsed.operands
  const options = words.join(' ').split(/\s+/).filter(Boolean)
  const { titles, rows } = await topOf(data, findWithState(data, text), options, text)
  for (const line of alignCells([titles, ...rows], MIN_WIDTH)) context.print(line)
  return 0
}
