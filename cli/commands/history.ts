import { readHistory } from '../../lib/image/history.ts'
import type { Context } from '../context.ts'
import { historyRows, historyTable } from '../output/history-row.ts'
import { formatRows } from '../output/rows.ts'
import { writeOut } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

/** `history`: the steps that made an image, the last one first. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const steps = readHistory(context.engine, parsed.operands[0] ?? '', parsed.string('platform'))
  const human = parsed.bool('human')
  const kind = historyRows({ whole: parsed.bool('no-trunc'), human, now: Date.now() })
  writeOut(formatRows(kind, chooseFormat(parsed, human), steps))
  return 0
}

function chooseFormat(parsed: Parsed, human: boolean): string {
  const format = parsed.string('format') || 'table'
  if (format !== 'table') return format
  return parsed.bool('quiet') ? '{{.ID}}' : historyTable(human)
}
