import { existsSync } from 'node:fs'
import type { HostPaths } from '../host/paths.ts'
import { filterVolumes } from '../volume/filter.ts'
import { listVolumes } from '../volume/list.ts'
import type { ListedVolume } from '../volume/plugin/volumes.ts'
import { volumeData } from '../volume/volume.ts'
import { findVolumeUsers } from './volumes.ts'

/** The volumes that pass all filters of Docker's `volume ls`, by name. Throws `bad-input`. */
export async function chooseVolumes(
  paths: HostPaths,
  filters: ReadonlyMap<string, readonly string[]>,
): Promise<ListedVolume[]> {
  const rows = await listAll(paths)
  if (filters.size === 0) return rows
  const users = filters.has('dangling') ? findVolumeUsers(paths.data) : undefined
  const chosen = filterVolumes(
    rows.map(({ record }) => record),
    filters,
    (name) => (users ? users.damaged || users.of(name).length > 0 : false),
  )
  return rows.filter(({ record }) => chosen.includes(record))
}

/** By name; plugins are asked for theirs where there are any. */
async function listAll(paths: HostPaths): Promise<ListedVolume[]> {
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
  const { listAllPluginVolumes } = await import('../volume/plugin/volumes.ts')
  const kept = await listAllPluginVolumes(paths, records)
  return [...kept, ...local].sort(
    (a, b) => compare(a.record.name, b.record.name) || compare(a.driver, b.driver),
  )
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
