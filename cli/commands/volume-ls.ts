import { chooseVolumes } from '../../lib/housekeeping/list-volumes.ts'
import { volumeLabels } from '../../lib/volume/inspect.ts'
import type { ListedVolume } from '../../lib/volume/plugin/volumes.ts'
import type { Context } from '../context.ts'
import { readFormat } from '../docker-config.ts'
import { parseFilters } from '../flags/filter.ts'
import { formatTable } from '../output/table.ts'
import { writeOut } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

const heads = {
  Name: 'VOLUME NAME',
  Driver: 'DRIVER',
  Scope: 'SCOPE',
  Mountpoint: 'MOUNTPOINT',
  Labels: 'LABELS',
  Links: 'LINKS',
  Size: 'SIZE',
  Availability: 'AVAILABILITY',
  Group: 'GROUP',
  Status: 'STATUS',
} as const

/** `volume ls`: one row per volume, by name. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const quiet = parsed.bool('quiet')
  if (parsed.bool('cluster')) {
    context.print('VOLUME NAME   GROUP     DRIVER    AVAILABILITY   STATUS')
    return 0
  }
  const format = parsed.string('format') || (quiet ? '' : readFormat(context, 'volumesFormat'))
  const rows = await chooseVolumes(context.engine.paths, parseFilters(parsed.list('filter')))
  if (quiet && (format === '' || format === 'table')) {
    writeOut(rows.map(({ record }) => `${record.name}\n`).join(''))
    return 0
  }
  writeOut(await formatVolumes(format, rows))
  return 0
}

async function formatVolumes(format: string, rows: readonly ListedVolume[]): Promise<string> {
  const unknown = () => 'N/A'
  const cells = {
    Name: ({ record }: ListedVolume) => record.name,
    Driver: ({ driver }: ListedVolume) => driver,
    Scope: ({ scope }: ListedVolume) => scope,
    Mountpoint: ({ mountpoint }: ListedVolume) => mountpoint,
    Labels: ({ record }: ListedVolume) =>
      Object.entries(volumeLabels(record))
        .map(([key, value]) => `${key}=${value}`)
        .sort()
        .join(','),
    // Counted by `system df` only, in Docker too.
    Links: unknown,
    Size: unknown,
    Availability: unknown,
    Group: unknown,
    Status: unknown,
  }
  if (format === '' || format === 'table') {
    const columns = (['Driver', 'Name'] as const).map((name) => ({
      head: heads[name],
      text: cells[name],
    }))
    return `${formatTable(columns, rows).join('\n')}\n`
  }
  const { formatRows } = await import('../output/rows.ts')
  const label = ({ record }: ListedVolume, key: string): string => volumeLabels(record)[key] ?? ''
  return formatRows(
    { type: 'formatter.volumeContext', heads, cells, label },
    rawFormat(format),
    rows,
  )
}

/** `--format raw`: a block of lines for each. */
const rawFormat = (format: string): string =>
  format === 'raw' ? 'name: {{.Name}}\ndriver: {{.Driver}}\n' : format
