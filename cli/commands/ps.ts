import type { ContainerWithState } from '../../lib/container/catalog.ts'
import { chooseContainers } from '../../lib/container/list.ts'
import type { ContainerSize } from '../../lib/container/size.ts'
import type { Engine } from '../../lib/engine.ts'
import type { Context } from '../context.ts'
import { readFormat } from '../docker-config.ts'
import { parseFilters } from '../flags/filter.ts'
import {
  type ContainerColumn,
  type ContainerView,
  containerCells,
  containerHeads,
} from '../output/container-row.ts'
import { formatTable } from '../output/table.ts'
import type { Parsed } from '../parse.ts'

/** `ps`: the running containers, or more of them. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const given = parsed.string('format') ?? ''
  const quiet = parsed.bool('quiet')
  if (given !== '' && quiet) {
    context.warn('WARNING: Ignoring custom format, because both --format and --quiet are set.')
  }
  const format = given || readFormat(context, 'psFormat')
  const withSize = parsed.bool('size') || (format !== '' && (await usesSize(format)))
  const rows = await choose(context, parsed)
  const view: ContainerView = {
    whole: parsed.bool('no-trunc'),
    now: Date.now(),
    sizes: withSize ? await measure(context.engine, rows) : undefined,
  }
  const text = await formatContainers(format, quiet, parsed.bool('size'), view, rows)
  if (text !== '') context.print(text.replace(/\n$/, ''))
  return 0
}

const TABLE: readonly ContainerColumn[] = [
  'ID',
  'Image',
  'Command',
  'RunningFor',
  'Status',
  'Ports',
  'Names',
]

/** The usual table is made without the template engine: most calls need nothing else. */
async function formatContainers(
  format: string,
  quiet: boolean,
  withSize: boolean,
  view: ContainerView,
  rows: ContainerWithState[],
): Promise<string> {
  const cells = containerCells(view)
  if (quiet && format !== 'raw') return rows.map((row) => `${cells.ID(row)}\n`).join('')
  if (format === '' || format === 'table') {
    const names = withSize ? [...TABLE, 'Size' as const] : TABLE
    const columns = names.map((name) => ({ head: containerHeads[name], text: cells[name] }))
    return `${formatTable(columns, rows).join('\n')}\n`
  }
  const { formatRows, rawFormat } = await import('../output/container-format.ts')
  return formatRows(view, format === 'raw' ? rawFormat(quiet, withSize) : format, rows)
}

async function usesSize(format: string): Promise<boolean> {
  if (format === 'table') return false
  return (await import('../output/container-format.ts')).probeForSize(format)
}

async function measure(
  engine: Engine,
  rows: ContainerWithState[],
): Promise<Map<ContainerWithState, ContainerSize>> {
  const { measureContainers } = await import('../../lib/container/size.ts')
  const sizes = await measureContainers(engine, rows)
  return new Map(rows.map((row, index) => [row, sizes[index] ?? { own: 0, total: 0 }]))
}

async function choose(context: Context, parsed: Parsed): Promise<ContainerWithState[]> {
  const all = parsed.bool('all')
  return await chooseContainers(context.engine, {
    all,
    last: parsed.bool('latest') ? 1 : (parsed.int('last') ?? -1),
    filters: parseFilters(parsed.list('filter')),
    onDamaged: all ? ({ message }) => context.warn(`WARNING: ${message}`) : undefined,
  })
}
