import { sortMembers } from '../core/labels.ts'
import type { HostPaths } from '../host/paths.ts'
import type { ListedVolume } from './plugin/volumes.ts'
import { getVolume, readVolume, type VolumeRecord, volumeData } from './volume.ts'

/** The document that `inspect` shows for a volume, in the shape of Docker 26. Throws `no-such-volume`, `plugin`. */
export async function inspectVolume(
  { data, plugins }: HostPaths,
  name: string,
): Promise<Record<string, unknown>> {
  const record = readVolume(data, name)
  if (!record || record.driver !== undefined) {
    const { inspectPluginVolume } = await import('./plugin/volumes.ts')
    const document = await inspectPluginVolume({ data, plugins }, name, record)
    if (document) return document
  }
  return describeVolume(data, getVolume(data, name))
}

/** The document of a volume of the local driver. */
export function describeVolume(data: string, record: VolumeRecord): Record<string, unknown> {
  const labels = volumeLabels(record)
  return {
    CreatedAt: record.createdAt.replace(/\.\d+(?=Z$)/, ''),
    Driver: 'local',
    Labels: Object.keys(labels).length > 0 ? sortMembers(labels) : null,
    Mountpoint: volumeData(data, record.name),
    Name: record.name,
    Options: record.options ? sortMembers(record.options) : null,
    Scope: 'local',
  }
}

/** The document of a volume in a list: what a plugin says beside that is told of one alone. */
export function describeListed(data: string, volume: ListedVolume): Record<string, unknown> {
  const { record, driver, scope, mountpoint } = volume
  if (record.driver === undefined) return describeVolume(data, record)
  const { CreatedAt, ...document } = describeVolume(data, record)
  return {
    ...(CreatedAt === '' ? {} : { CreatedAt }),
    ...document,
    Driver: driver,
    Mountpoint: mountpoint,
    Scope: scope,
  }
}

/** Its labels with the one that Docker gives to volumes without a name. */
export const volumeLabels = ({ labels, anonymous }: VolumeRecord): Record<string, string> => ({
  ...labels,
  ...(anonymous ? { 'com.docker.volume.anonymous': '' } : {}),
})
