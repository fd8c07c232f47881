import { existsSync } from 'node:fs'
import {
  type ContainerWithState,
  findContainer,
  listContainers,
  listUnended,
} from '../../lib/container/catalog.ts'
import { isAbandoned, isUp } from '../../lib/container/condition.ts'
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

/** What monitors that were killed did not tell plugins of volumes. */
async function releaseOrphans({ paths }: Context['engine']): Promise<void> {
  if (!existsSync(`${paths.data}/volume-mounts`)) return
  const { releaseOrphanedMounts } = await import('../../lib/container/volume-mounts.ts')
  await releaseOrphanedMounts(paths.data)
}

/** What a crash kept from being removed is removed now and not shown; what cannot be shown is told. */
async function listLiving(
  context: Context,
  endedToo: boolean,
  tellDamaged: boolean,
): Promise<ContainerWithState[]> {
  const { engine } = context
  const tell = ({ message }: { message: string }) => context.warn(`WARNING: ${message}`)
  const all = endedToo
    ? listContainers(engine.paths.data, tellDamaged ? tell : undefined)
    : listUnended(engine.paths.data)
  const abandoned = all.filter(isAbandoned)
  await releaseOrphans(engine)
  if (abandoned.length === 0) return all
  const { collectAbandoned } = await import('../../lib/container/abandoned.ts')
  await collectAbandoned(engine, abandoned)
  return all.filter((container) => !abandoned.includes(container))
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
  const last = parsed.bool('latest') ? 1 : (parsed.int('last') ?? -1)
  const filters = parseFilters(parsed.list('filter'))
  let stoppedToo = parsed.bool('all') || last > 0
  // `before` and `since` may name one that ended.
  let all = await listLiving(context, stoppedToo || filters.size > 0, parsed.bool('all'))
  if (filters.size > 0) {
    const { asksForStopped, filterContainers } = await import('../../lib/container/filter.ts')
    stoppedToo ||= asksForStopped(filters)
    const imageId = filters.has('ancestor') ? await imageFinder(context.engine) : () => undefined
    const find = (text: string) =>
      findContainer(context.engine.paths.data, text, { asWritten: true })
    all = filterContainers(all, filters, { find, imageId })
  }
  const shown = stoppedToo ? all : all.filter(isUp)
  return last > 0 ? shown.slice(0, last) : shown
}

/** Images by name; what cannot be a name is the name of nothing. */
async function imageFinder(engine: Engine): Promise<(text: string) => string | undefined> {
  const { findImage } = await import('../../lib/image/find.ts')
  const { LighterError } = await import('../../lib/core/errors.ts')
  return (text) => {
    try {
      return findImage(engine, text)?.id
    } catch (error) {
      if (error instanceof LighterError) return undefined
      throw error
    }
  }
}
