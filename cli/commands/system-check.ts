import { LighterError } from '../../lib/core/errors.ts'
import { printable } from '../../lib/core/printable.ts'
import { type CheckResult, checkStore } from '../../lib/housekeeping/check/check.ts'
import type { Finding } from '../../lib/housekeeping/check/finding.ts'
import type { Context } from '../context.ts'
import { formatRows, type RowKind } from '../output/rows.ts'
import { writeOut } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

const MILLISECOND = 1e6

/**
 * `system check`: a line for each finding, then what all of it came to. Docker has nothing like it; flags are Podman's. Exit code 1:
 * something is damaged.
 */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const repair = parsed.bool('repair')
  const format = parsed.string('format') || ''
  if (parsed.bool('force') && !repair) {
    throw new LighterError('usage', '--force needs --repair: a check alone removes nothing')
  }
  const options = {
    repair,
    force: parsed.bool('force'),
    quick: parsed.bool('quick'),
    maxAge: (parsed.int('max') ?? 0) / MILLISECOND,
  }
  const rows: Finding[] = []
  const tell =
    format === ''
      ? (finding: Finding) => context.print(sentence(finding))
      : (finding: Finding) => void rows.push(finding)
  const result = await checkStore(context.engine, options, tell)
  if (format === '') context.print(summary(result))
  else writeOut(formatRows(ROWS, format, rows))
  return result.outcomes.damaged > 0 ? 1 : 0
}

const ROWS: RowKind<Finding> = {
  type: 'formatter.checkContext',
  heads: { Outcome: 'OUTCOME', Kind: 'KIND', ID: 'ID', Problem: 'PROBLEM', Advice: 'ADVICE' },
  cells: {
    Outcome: ({ outcome }) => outcome,
    Kind: ({ kind }) => kind,
    ID: ({ id }) => printable(id),
    Problem: ({ problem }) => printable(problem),
    Advice: ({ advice }) => printable(advice),
  },
}

function sentence({ outcome, kind, id, problem, advice }: Finding): string {
  const which = kind === 'leftover' ? id : `${kind} ${id}`
  return printable(`${outcome}: ${which}: ${problem}; ${advice}`)
}

function summary({ images, blobs, layers, containers, outcomes }: CheckResult): string {
  const count = (number: number, what: string): string =>
    `${number} ${what}${number === 1 ? '' : 's'}`
  const seen = [
    count(images, 'image'),
    count(blobs, 'blob'),
    count(layers, 'layer'),
    count(containers, 'container'),
  ].join(', ')
  const found = [
    `${outcomes.damaged} damaged`,
    ...(outcomes.mended > 0 ? [`${outcomes.mended} mended`] : []),
    ...(outcomes.leftover > 0 ? [count(outcomes.leftover, 'leftover')] : []),
    ...(outcomes.removed > 0 ? [`${count(outcomes.removed, 'leftover')} removed`] : []),
  ].join(', ')
  return `Checked ${seen}: ${found}`
}
