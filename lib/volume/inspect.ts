import { sortMembers } from '../core/labels.ts'
import type { HostPaths } from '../host/paths.ts'
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
  return describe(data, getVolume(data, name))
}

function describe(data: string, record: VolumeRecord): Record<string, unknown> {
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

/** Its labels with the one that Docker gives to volumes without a name. */
export const volumeLabels = ({ labels, anonymous }: VolumeRecord): Record<string, string> => ({
  ...labels,
  ...(anonymous ? { 'com.docker.volume.anonymous': '' } : {}),
})
