import { join } from 'node:path'
import { listNames } from '../fs/drafts.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'
import { type VolumeRecord, volumeDirectory } from './volume.ts'

const MAX_RECORD = 1024 * 1024

/** Every volume, by name; one whose record is damaged is left out. */
export function listVolumes(data: string): VolumeRecord[] {
  return listNames(join(data, 'volumes'))
    .sort()
    .flatMap((name) => {
      const path = join(volumeDirectory(data, name), 'volume.json')
      const record = parseJson(readSmallFile(path, MAX_RECORD)) as VolumeRecord | undefined
      return record?.version === 1 && record.name === name ? [record] : []
    })
}
