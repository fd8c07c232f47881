import { findWithState } from '../../lib/container/catalog.ts'
import { recordContainerEvent } from '../../lib/container/events.ts'
import { containerProcesses } from '../../lib/container/processes.ts'
import { endedMeanwhile, notRunning } from '../../lib/container/stop.ts'
import { listProcesses } from '../../lib/container/top.ts'
import { isAlive } from '../../lib/host/process.ts'
import type { Context } from '../context.ts'
import { alignCells } from '../output/table.ts'
import type { Parsed } from '../parse.ts'

const MIN_WIDTH = 20

/** `top`: the processes of a container as the host's `ps` shows them. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const { data } = context.engine.paths
  const [text = '', ...words] = parsed.operands
  const container = findWithState(data, text)
  const { record, state } = container
  if (!('process' in state)) throw notRunning(record.id)
  const options = words.join(' ').split(/\s+/).filter(Boolean)
  const { titles, rows } = await listProcesses(
    containerProcesses(state.process.pid),
    options.length > 0 ? options : ['-ef'],
  )
  // Options may leave out all of them.
  if (rows.length === 0 && !isAlive(state.process)) throw endedMeanwhile(container, text)
  recordContainerEvent(data, record, 'top')
  for (const line of alignCells([titles, ...rows], MIN_WIDTH)) context.print(line)
  return 0
}
