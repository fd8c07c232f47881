import { findVolumeUsers } from '../../lib/housekeeping/volumes.ts'
import { filterVolumes } from '../../lib/volume/filter.ts'
import { volumeLabels } from '../../lib/volume/inspect.ts'
import { listVolumes } from '../../lib/volume/list.ts'
import { type VolumeRecord, volumeData } from '../../lib/volume/volume.ts'
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
  const { data } = context.engine.paths
  const quiet = parsed.bool('quiet')
  if (parsed.bool('cluster')) {
    context.print('VOLUME NAME   GROUP     DRIVER    AVAILABILITY   STATUS')
    return 0
  }
  const format = parsed.string('format') || (quiet ? '' : readFormat(context, 'volumesFormat'))
  const rows = choose(data, parsed)
  if (quiet && (format === '' || format === 'table')) {
    writeOut(rows.map(({ name }) => `${name}\n`).join(''))
    return 0
  }
  writeOut(await formatVolumes(data, format, rows))
  return 0
}

function choose(data: string, parsed: Parsed): VolumeRecord[] {
  const filters = parseFilters(parsed.list('filter'))
  const volumes = listVolumes(data)
  if (filters.size === 0) return volumes
  const users = filters.has('dangling') ? findVolumeUsers(data) : undefined
  return filterVolumes(volumes, filters, (name) =>
    users ? users.damaged || users.of(name).length > 0 : false,
  )
}

async function formatVolumes(
  data: string,
  format: string,
  rows: readonly VolumeRecord[],
): Promise<string> {
  const unknown = () => 'N/A'
  const cells = {
    Name: ({ name }: VolumeRecord) => name,
    Driver: () => 'local',
    Scope: () => 'local',
    Mountpoint: ({ name }: VolumeRecord) => volumeData(data, name),
    Labels: (volume: VolumeRecord) =>
      Object.entries(volumeLabels(volume))
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
  const label = (volume: VolumeRecord, key: string): string => volumeLabels(volume)[key] ?? ''
  return formatRows(
    { type: 'formatter.volumeContext', heads, cells, label },
    rawFormat(format),
    rows,
  )
}

/** `--format raw`: a block of lines for each. */
const rawFormat = (format: string): string =>
  format === 'raw' ? 'name: {{.Name}}\ndriver: {{.Driver}}\n' : format
