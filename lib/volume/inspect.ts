import { join } from 'node:path'
import { LighterError } from '../core/errors.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'
import { type VolumeRecord, volumeData, volumeDirectory } from './volume.ts'

const MAX_RECORD = 1024 * 1024
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/

/** The document that `inspect` shows for a volume, in the shape of Docker 26. Throws `no-such-volume`. */
export function inspectVolume(data: string, name: string): Record<string, unknown> {
  const path = join(volumeDirectory(data, name), 'volume.json')
  const record = NAME.test(name)
    ? (parseJson(readSmallFile(path, MAX_RECORD)) as VolumeRecord | undefined)
    : undefined
  if (record?.version !== 1) {
    throw new LighterError('no-such-volume', `get ${name}: no such volume`)
  }
  const labels = {
    ...record.labels,
    ...(record.anonymous ? { 'com.docker.volume.anonymous': '' } : {}),
  }
  return {
    CreatedAt: record.createdAt.replace(/\.\d+(?=Z$)/, ''),
    Driver: 'local',
    Labels: Object.keys(labels).length > 0 ? labels : null,
    Mountpoint: volumeData(data, name),
    Name: name,
    Options: null,
    Scope: 'local',
  }
}
