import type { CacheRecordInfo } from '../../lib/build/cache/record-info.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { sortMembers } from '../../lib/core/labels.ts'
import { formatSize, formatSpan } from '../../lib/core/units.ts'
import { TemplateExecutionError, TemplateSyntaxError } from '../../lib/format/errors.ts'
import { readTypes } from '../../lib/format/go-types.ts'
import { parseTemplate, type Template } from '../../lib/format/template.ts'
import type {
  ContainerUsage,
  DiskUsage,
  ImageUsage,
  VolumeUsage,
} from '../../lib/housekeeping/usage.ts'
import { volumeLabels } from '../../lib/volume/inspect.ts'
import { volumeData } from '../../lib/volume/volume.ts'
import { rawFormat as rawContainerFormat } from './container-format.ts'
import { containerCells } from './container-row.ts'
import { formatDate, formatNanoDate } from './date.ts'
import { rawImageFormat } from './image-row.ts'

const fields = (names: string): string =>
  names
    .split(' ')
    .map((name) => `  ${name} string\n`)
    .join('')

const TYPES = `
formatter.diskUsageContext
  Images []*formatter.imageContext
  Containers []*formatter.ContainerContext
  Volumes []*formatter.volumeContext
  BuildCache []*formatter.buildCacheContext
formatter.imageContext
${fields('Containers CreatedAt CreatedSince Digest ID Repository SharedSize Size Tag UniqueSize VirtualSize')}
formatter.ContainerContext
${fields('Command CreatedAt ID Image Labels LocalVolumes Mounts Names Networks Ports RunningFor Size State Status')}
formatter.volumeContext
${fields('Availability Driver Group Labels Links Mountpoint Name Scope Size Status')}
formatter.buildCacheContext
${fields('CacheType CreatedAt CreatedSince Description ID InUse LastUsedAt LastUsedSince Parent Shared Size UsageCount')}`

/** `system df -v` by a template, which gets everything as one document. Throws `usage`. */
export function formatDiskUsage(data: string, format: string, usage: DiskUsage): string {
  const template = read(fullFormat(format))
  const now = Date.now()
  const document = {
    Images: usage.images.map((image) => describeImage(image, now)),
    Containers: usage.containers.map((container) => describeContainer(container, now)),
    Volumes: usage.volumes.map((volume) => describeVolume(data, volume)),
    BuildCache: usage.buildCache.map((record) => describeRecord(record, now)),
  }
  const type = readTypes(TYPES)('*formatter.diskUsageContext')
  try {
    return template.execute({ type, data: document })
  } catch (error) {
    if (!(error instanceof TemplateExecutionError)) throw error
    throw new LighterError('usage', error.message)
  }
}

function fullFormat(format: string): string {
  if (format === 'raw') return rawFormat()
  return format === 'json' ? '{{json .}}' : format
}

/** `--format raw`: a block of lines for each. */
const rawFormat = (): string =>
  [
    `{{range .Images}}type: Image\n${rawImageFormat(false, true)}\n`,
    `{{range .Containers}}type: Container\n${rawContainerFormat(false, true)}\n`,
    '{{range .Volumes}}type: Volume\nname: {{.Name}}\ndriver: {{.Driver}}\n\n',
    `{{range .BuildCache}}type: Build Cache\n${RAW_RECORD}\n`,
  ]
    .map((block) => `${block}{{end -}}\n`)
    .join('')

const RAW_RECORD = `build_cache_id: {{.ID}}
parent_id: {{.Parent}}
build_cache_type: {{.CacheType}}
description: {{.Description}}
created_at: {{.CreatedAt}}
created_since: {{.CreatedSince}}
last_used_at: {{.LastUsedAt}}
last_used_since: {{.LastUsedSince}}
usage_count: {{.UsageCount}}
in_use: {{.InUse}}
shared: {{.Shared}}
`

function read(source: string): Template {
  try {
    return parseTemplate(source)
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError)) throw error
    throw new LighterError('usage', `template parsing error: ${error.message}`)
  }
}

type Row = Readonly<Record<string, string>>

function describeImage(image: ImageUsage, now: number): Row {
  const time = Date.parse(image.created)
  return {
    Containers: String(image.containers),
    CreatedAt: time > 0 ? formatDate(image.created) : 'N/A',
    CreatedSince: time > 0 ? `${formatSpan(now - time)} ago` : 'N/A',
    Digest: '',
    ID: image.id,
    Repository: image.repository,
    SharedSize: formatSize(image.shared, 4),
    Size: formatSize(image.size),
    Tag: image.tag,
    UniqueSize: formatSize(image.unique, 4),
    VirtualSize: formatSize(image.size, 4),
  }
}

function describeContainer({ container, size }: ContainerUsage, now: number): Row {
  const cells = Object.entries(sortMembers(containerCells({ whole: true, now })))
  return {
    ...Object.fromEntries(cells.map(([name, cell]) => [name, cell(container)])),
    Size: formatSize(size),
  }
}

const describeVolume = (data: string, volume: VolumeUsage): Row => ({
  Availability: 'N/A',
  Driver: 'local',
  Group: 'N/A',
  Labels: Object.entries(volumeLabels(volume))
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(','),
  Links: String(volume.links),
  Mountpoint: volumeData(data, volume.name),
  Name: volume.name,
  Scope: 'local',
  Size: formatSize(volume.size, 4),
  Status: 'N/A',
})

function describeRecord(record: CacheRecordInfo, now: number): Row {
  const { createdAt, lastUsedAt } = record
  const since = (date: Date): string => `${formatSpan(now - date.getTime())} ago`
  return {
    CacheType: record.type,
    CreatedAt: formatNanoDate(createdAt),
    CreatedSince: since(createdAt),
    Description: record.description,
    ID: record.id,
    InUse: String(record.inUse),
    LastUsedAt: lastUsedAt ? formatNanoDate(lastUsedAt) : '',
    LastUsedSince: lastUsedAt ? since(lastUsedAt) : '',
    Parent: record.parents.join(', '),
    Shared: String(record.shared),
    Size: formatSize(record.size),
    UsageCount: String(record.usageCount),
  }
}
