import { join } from 'node:path'
import { listNames } from '../fs/drafts.ts'
import { readVolume, type VolumeRecord } from './volume.ts'

/** Every volume with a record, by name; one whose record is damaged is left out. */
export function listVolumes(data: string): VolumeRecord[] {
  return listNames(join(data, 'volumes'))
    .sort()
    .flatMap((name) => readVolume(data, nameOfVolume(name)) ?? [])
}

/** The name of the volume that has a directory of this name. */
export function nameOfVolume(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
