import type { CacheRecordInfo } from '../../lib/build/cache/record-info.ts'
import { describeStatus } from '../../lib/container/condition.ts'
import { commandOf } from '../../lib/container/record.ts'
import { isLive } from '../../lib/container/state.ts'
import { shortId } from '../../lib/core/ids.ts'
import { formatSize, formatSpan } from '../../lib/core/units.ts'
import {
  type ContainerUsage,
  type DiskUsage,
  type ImageUsage,
  measureDisk,
  type StoreUsage,
  type VolumeUsage,
} from '../../lib/housekeeping/usage.ts'
import type { Context } from '../context.ts'
import { formatCommand } from '../output/container-row.ts'
import { type Column, formatTable } from '../output/table.ts'
import { writeOut } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

/** `system df`: what everything takes on the disk. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const format = parsed.string('format') ?? ''
  const usage = await measureDisk(context.engine)
  if (parsed.bool('verbose')) writeOut(await describeAll(context, format, usage))
  else writeOut(await describeSums(format, sumUp(usage)))
  return 0
}

/** One row, with the names that `--format json` has in Docker. */
interface Row {
  Active: string
  Reclaimable: string
  Size: string
  TotalCount: string
  Type: string
}

/** In the order of Docker's table. */
const HEADS = {
  Type: 'TYPE',
  TotalCount: 'TOTAL',
  Active: 'ACTIVE',
  Size: 'SIZE',
  Reclaimable: 'RECLAIMABLE',
} as const

const DEFAULT_TABLE = `table ${Object.keys(HEADS)
  .map((name) => `{{.${name}}}`)
  .join('\t')}`

/** `--format raw`: a block of lines for each. */
const RAW = `type: {{.Type}}
total: {{.TotalCount}}
active: {{.Active}}
size: {{.Size}}
reclaimable: {{.Reclaimable}}
`

async function describeSums(format: string, rows: readonly Row[]): Promise<string> {
  const { formatRows, plainRows } = await import('../output/rows.ts')
  const kind = plainRows<Row>('formatter.diskUsageImagesContext', HEADS)
  return formatRows(kind, fullFormat(format), rows)
}

function fullFormat(format: string): string {
  if (format === '' || format === 'table') return DEFAULT_TABLE
  return format === 'raw' ? RAW : format
}

const sum = (sizes: number[]): number => sizes.reduce((total, size) => total + size, 0)

function sumUp({ images, layers, containers, volumes, buildCache }: DiskUsage): Row[] {
  const usedImages = images.filter((image) => image.containers > 0)
  const idle = containers.filter(({ container }) => !isLive(container.state))
  const unused = volumes.filter(({ links }) => links === 0)
  const written = sum(containers.map(({ size }) => size))
  const kept = sum(volumes.map(({ size }) => size))
  return [
    row(
      'Images',
      images.length,
      usedImages.length,
      layers,
      layers - sum(usedImages.map(({ unique }) => unique)),
    ),
    row(
      'Containers',
      containers.length,
      containers.length - idle.length,
      written,
      sum(idle.map(({ size }) => size)),
    ),
    row(
      'Local Volumes',
      volumes.length,
      volumes.length - unused.length,
      kept,
      sum(unused.map(({ size }) => size)),
    ),
    cacheRow(buildCache),
  ]
}

/** Bytes that images have, too, are counted there; what could be freed has no share here. */
function cacheRow(records: readonly CacheRecordInfo[]): Row {
  const used = records.filter(({ inUse }) => inUse)
  const own = cacheSize(records)
  return {
    ...row('Build Cache', records.length, used.length, own, 0),
    Reclaimable: formatSize(own - cacheSize(used), 4),
  }
}

const cacheSize = (records: readonly CacheRecordInfo[]): number =>
  sum(records.filter(({ shared }) => !shared).map(({ size }) => size))

function row(type: string, total: number, active: number, size: number, reclaimable: number): Row {
  const share = size > 0 ? ` (${Math.floor((reclaimable * 100) / size)}%)` : ''
  return {
    Active: String(active),
    Reclaimable: `${formatSize(reclaimable, 4)}${share}`,
    Size: formatSize(size, 4),
    TotalCount: String(total),
    Type: type,
  }
}

async function describeAll({ engine }: Context, format: string, usage: DiskUsage): Promise<string> {
  if (format !== '' && format !== 'table') {
    const { formatDiskUsage } = await import('../output/disk-usage.ts')
    return formatDiskUsage(engine.paths.data, format, usage)
  }
  const now = Date.now()
  const table = <Item>(columns: readonly Column<Item>[], rows: readonly Item[]): string =>
    formatTable(columns, rows).join('\n')
  return `Images space usage:

${table(imageColumns(now), usage.images)}

Containers space usage:

${table(containerColumns(now), usage.containers)}

Local Volumes space usage:

${table(VOLUMES, usage.volumes)}

Build cache usage: ${formatSize(cacheSize(usage.buildCache), 4)}

${table(cacheColumns(now), usage.buildCache)}
${usage.stores.length > 0 ? `\nRead-only image stores:\n\n${table(STORES, usage.stores)}\n` : ''}`
}

const imageColumns = (now: number): Column<ImageUsage>[] => [
  { head: 'REPOSITORY', text: ({ repository }) => repository },
  { head: 'TAG', text: ({ tag }) => tag },
  { head: 'IMAGE ID', text: ({ id }) => shortId(id) },
  { head: 'CREATED', text: ({ created }) => formatCreated(created, now) },
  { head: 'SIZE', text: ({ size }) => formatSize(size) },
  { head: 'SHARED SIZE', text: ({ shared }) => formatSize(shared, 4) },
  { head: 'UNIQUE SIZE', text: ({ unique }) => formatSize(unique, 4) },
  { head: 'CONTAINERS', text: ({ containers }) => String(containers) },
]

function formatCreated(created: string, now: number): string {
  const time = Date.parse(created)
  return time > 0 ? `${formatSpan(now - time)} ago` : 'N/A'
}

const containerColumns = (now: number): Column<ContainerUsage>[] => [
  { head: 'CONTAINER ID', text: ({ container }) => shortId(container.record.id) },
  { head: 'IMAGE', text: ({ container }) => container.record.image },
  {
    head: 'COMMAND',
    text: ({ container }) => formatCommand(commandOf(container.record), false),
  },
  {
    head: 'LOCAL VOLUMES',
    text: ({ container }) =>
      String(container.record.mounts.filter(({ type }) => type === 'volume').length),
  },
  { head: 'SIZE', text: ({ size }) => formatSize(size) },
  {
    head: 'CREATED',
    text: ({ container }) => `${formatSpan(now - Date.parse(container.record.createdAt))} ago`,
  },
  { head: 'STATUS', text: ({ container }) => describeStatus(container, now) },
  { head: 'NAMES', text: ({ container }) => container.record.name },
]

const VOLUMES: readonly Column<VolumeUsage>[] = [
  { head: 'VOLUME NAME', text: ({ name }) => name },
  { head: 'LINKS', text: ({ links }) => String(links) },
  { head: 'SIZE', text: ({ size }) => formatSize(size, 4) },
]

/** Not in Docker's table, which knows of no such thing: only where there is one. */
const STORES: readonly Column<StoreUsage>[] = [
  { head: 'STORE', text: ({ path }) => path },
  { head: 'IMAGES', text: ({ images }) => String(images) },
  { head: 'SIZE', text: ({ size }) => formatSize(size, 4) },
]

const cacheColumns = (now: number): Column<CacheRecordInfo>[] => [
  { head: 'CACHE ID', text: ({ id }) => shortId(id) },
  { head: 'CACHE TYPE', text: ({ type }) => type },
  { head: 'SIZE', text: ({ size }) => formatSize(size) },
  { head: 'CREATED', text: ({ createdAt }) => `${formatSpan(now - createdAt.getTime())} ago` },
  {
    head: 'LAST USED',
    text: ({ lastUsedAt }) => (lastUsedAt ? `${formatSpan(now - lastUsedAt.getTime())} ago` : ''),
  },
  { head: 'USAGE', text: ({ usageCount }) => String(usageCount) },
  { head: 'SHARED', text: ({ shared }) => String(shared) },
]
