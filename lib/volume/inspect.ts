import { sortMembers } from '../core/labels.ts'
import { getVolume, type VolumeRecord, volumeData } from './volume.ts'

/** The document that `inspect` shows for a volume, in the shape of Docker 26. Throws `no-such-volume`. */
export function inspectVolume(data: string, name: string): Record<string, unknown> {
  const record = getVolume(data, name)
  const labels = volumeLabels(record)
  return {
    CreatedAt: record.createdAt.replace(/\.\d+(?=Z$)/, ''),
    Driver: 'local',
    Labels: Object.keys(labels).length > 0 ? sortMembers(labels) : null,
    Mountpoint: volumeData(data, name),
    Name: name,
    Options: record.options ? sortMembers(record.options) : null,
    Scope: 'local',
  }
}

/** Its labels with the one that Docker gives to volumes without a name. */
export const volumeLabels = ({ labels, anonymous }: VolumeRecord): Record<string, string> => ({
  ...labels,
  ...(anonymous ? { 'com.docker.volume.anonymous': '' } : {}),
})
