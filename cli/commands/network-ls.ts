import { shortId } from '../../lib/core/ids.ts'
import { filterNetworks } from '../../lib/housekeeping/networks.ts'
import { listNetworks, type NetworkRecord } from '../../lib/network/record.ts'
import type { Context } from '../context.ts'
import { readFormat } from '../docker-config.ts'
import { parseFilters } from '../flags/filter.ts'
import { formatDate } from '../output/date.ts'
import { formatTable } from '../output/table.ts'
import { writeOut } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

const heads = {
  ID: 'NETWORK ID',
  Name: 'NAME',
  Driver: 'DRIVER',
  Scope: 'SCOPE',
  IPv6: 'IPV6',
  Internal: 'INTERNAL',
  Labels: 'LABELS',
  CreatedAt: 'CREATED AT',
} as const

/** `network ls`: one row per network, by name. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const { data } = context.engine.paths
  const quiet = parsed.bool('quiet')
  const format = parsed.string('format') || (quiet ? '' : readFormat(context, 'networksFormat'))
  const rows = filterNetworks(listNetworks(data), parseFilters(parsed.list('filter')))
  writeOut(await formatNetworks(format, parsed, rows))
  return 0
}

async function formatNetworks(
  format: string,
  parsed: Parsed,
  rows: readonly NetworkRecord[],
): Promise<string> {
  const cells = {
    ID: ({ id }: NetworkRecord) => (parsed.bool('no-trunc') ? id : shortId(id)),
    Name: ({ name }: NetworkRecord) => name,
    Driver: ({ driver }: NetworkRecord) => driver,
    Scope: () => 'local',
    IPv6: ({ ipv6 }: NetworkRecord) => String(ipv6),
    Internal: ({ internal }: NetworkRecord) => String(internal),
    Labels: ({ labels }: NetworkRecord) =>
      Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .sort()
        .join(','),
    CreatedAt: ({ createdAt }: NetworkRecord) => formatDate(createdAt),
  }
  if (format === '' || format === 'table') {
    if (parsed.bool('quiet')) return rows.map((row) => `${cells.ID(row)}\n`).join('')
    const columns = (['ID', 'Name', 'Driver', 'Scope'] as const).map((name) => ({
      head: heads[name],
      text: cells[name],
    }))
    return `${formatTable(columns, rows).join('\n')}\n`
  }
  const { formatRows } = await import('../output/rows.ts')
  const label = ({ labels }: NetworkRecord, key: string): string => labels[key] ?? ''
  const kind = { type: 'formatter.networkContext', heads, cells, label }
  return formatRows(kind, format === 'raw' ? rawFormat(parsed.bool('quiet')) : format, rows)
}

/** `--format raw`: a block of lines for each. */
const rawFormat = (quiet: boolean): string =>
  quiet
    ? 'network_id: {{.ID}}'
    : 'network_id: {{.ID}}\nname: {{.Name}}\ndriver: {{.Driver}}\nscope: {{.Scope}}\n'
