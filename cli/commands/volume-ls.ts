import { existsSync } from 'node:fs'
import type { HostPaths } from '../../lib/host/paths.ts'
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
  const quiet = parsed.bool('quiet')
  if (parsed.bool('cluster')) {
    context.print('VOLUME NAME   GROUP     DRIVER    AVAILABILITY   STATUS')
    return 0
  }
  const format = parsed.string('format') || (quiet ? '' : readFormat(context, 'volumesFormat'))
  const rows = await choose(context.engine.paths, parsed)
  if (quiet && (format === '' || format === 'table')) {
    writeOut(rows.map(({ record }) => `${record.name}\n`).join(''))
    return 0
  }
  writeOut(await formatVolumes(format, rows))
  return 0
}

interface Row {
  record: VolumeRecord
  driver: string
  scope: string
  mountpoint: string
}

async function choose(paths: HostPaths, parsed: Parsed): Promise<Row[]> {
  const { data } = paths
  const filters = parseFilters(parsed.list('filter'))
  const rows = await listRows(paths)
  if (filters.size === 0) return rows
  const users = filters.has('dangling') ? findVolumeUsers(data) : undefined
  const chosen = filterVolumes(
    rows.map(({ record }) => record),
    filters,
    (name) => (users ? users.damaged || users.of(name).length > 0 : false),
  )
  return rows.filter(({ record }) => chosen.includes(record))
}

/** By name; plugins are asked for theirs where there are any. */
async function listRows(paths: HostPaths): Promise<Row[]> {
  const records = listVolumes(paths.data)
  const own = records.filter(({ driver }) => driver === undefined)
  const local = own.map((record) => ({
    record,
    driver: 'local',
    scope: 'local',
    mountpoint: volumeData(paths.data, record.name),
  }))
  const places = [...paths.plugins.sockets, ...paths.plugins.specs]
  if (own.length === records.length && !places.some((place) => existsSync(place))) return local
  const { listAllPluginVolumes } = await import('../../lib/volume/plugin/volumes.ts')
  const kept = await listAllPluginVolumes(paths, records)
  return [...kept, ...local].sort(
    (a, b) => compare(a.record.name, b.record.name) || compare(a.driver, b.driver),
  )
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

async function formatVolumes(format: string, rows: readonly Row[]): Promise<string> {
  const unknown = () => 'N/A'
  const cells = {
    Name: ({ record }: Row) => record.name,
    Driver: ({ driver }: Row) => driver,
    Scope: ({ scope }: Row) => scope,
    Mountpoint: ({ mountpoint }: Row) => mountpoint,
    Labels: ({ record }: Row) =>
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
  const label = ({ record }: Row, key: string): string => volumeLabels(record)[key] ?? ''
  return formatRows(
    { type: 'formatter.volumeContext', heads, cells, label },
    rawFormat(format),
    rows,
  )
}

/** `--format raw`: a block of lines for each. */
const rawFormat = (format: string): string =>
  format === 'raw' ? 'name: {{.Name}}\ndriver: {{.Driver}}\n' : format
