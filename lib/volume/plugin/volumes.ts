import { rmSync } from 'node:fs'
import { LighterError } from '../../core/errors.ts'
import { sortMembers } from '../../core/labels.ts'
import type { HostPaths } from '../../host/paths.ts'
import {
  ensureVolume,
  readVolume,
  recordVolumeEvent,
  type VolumeRecord,
  type VolumeWishes,
  volumeDirectory,
} from '../volume.ts'
import { callPlugin } from './client.ts'
import { listPlugins, type Plugin } from './discovery.ts'
import {
  getPluginVolume,
  isPluginVolumeName,
  listPluginVolumes,
  openAllDrivers,
  openDriver,
  type PluginVolume,
  pluginScope,
  within,
} from './driver.ts'

type Places = Pick<HostPaths, 'data' | 'plugins'>

const LOCAL = 'local'

/** What means that a plugin does not answer. */
const SILENT: ReadonlySet<string> = new Set(['plugin', 'no-such-plugin'])

/**
 * Makes sure that a volume is there if its driver is a plugin: the one that is wanted, the one on record, or, where none is named,
 * whichever has a volume of that name. Returns the record; `undefined` where it is the local driver's business.
 * Throws `plugin`, `bad-input`, `conflict`.
 */
export async function ensurePluginVolume(
  places: Places,
  name: string,
  driver: string | undefined,
  wishes: VolumeWishes,
): Promise<VolumeRecord | undefined> {
  const { data } = places
  const wanted = driver || undefined
  const record = await recordInForce(places, name)
  if (record) {
    const own = record.driver ?? LOCAL
    if (wanted !== undefined && wanted !== own) {
      if (wanted !== LOCAL) await open(places, name, wanted)
      throw taken(name, own)
    }
    return record.driver === undefined ? undefined : ensureVolume(data, name, wishes)
  }
  if (wanted === LOCAL) return undefined
  const found =
    wanted === undefined
      ? await findHolder(places, name)
      : await makeAt(await open(places, name, wanted), name, wishes)
  if (!found) return undefined
  return ensureVolume(data, name, { ...wishes, driver: found.name })
}

const taken = (name: string, driver: string): LighterError =>
  new LighterError(
    'conflict',
    `create ${name}: driver '${driver}' already has volume '${name}': volume name must be unique`,
  )

const open = async ({ plugins }: Places, name: string, driver: string): Promise<Plugin> =>
  await openDriver(plugins, driver).catch((error) => {
    throw within(`create ${name}`, error)
  })

/** The record, unless the plugin says that there is no such volume any more. */
async function recordInForce(places: Places, name: string): Promise<VolumeRecord | undefined> {
  const { data, plugins } = places
  const record = readVolume(data, name)
  if (record?.driver === undefined) return record
  try {
    const plugin = await openDriver(plugins, record.driver)
    if (await getPluginVolume(plugin, name)) return record
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    throw new LighterError(
      error.code,
      `create ${name}: found reference to volume '${name}' in driver '${record.driver}', but got an error while checking the driver: ${error.message}: volume name must be unique`,
      { cause: error },
    )
  }
  forget(data, record)
  return undefined
}

async function makeAt(plugin: Plugin, name: string, { options }: VolumeWishes): Promise<Plugin> {
  if (!isPluginVolumeName(name)) {
    throw new LighterError(
      'bad-input',
      `create ${name.slice(0, 100)}: the name is too long, or has characters that nobody can type`,
    )
  }
  try {
    if (await getPluginVolume(plugin, name)) return plugin
    await callPlugin(plugin, 'VolumeDriver.Create', { Name: name, Opts: options })
    return plugin
  } catch (error) {
    throw within(`create ${name}`, error)
  }
}

/** The plugin that has a volume which nobody made here. */
async function findHolder({ plugins }: Places, name: string): Promise<Plugin | undefined> {
  if (listPlugins(plugins).length === 0 || !isPluginVolumeName(name)) return undefined
  for (const plugin of await openAllDrivers(plugins)) {
    const volume = await getPluginVolume(plugin, name).catch((error: unknown) => {
      if (!(error instanceof LighterError)) throw error
    })
    if (volume) return plugin
  }
  return undefined
}

function forget(data: string, { name }: VolumeRecord): void {
  rmSync(volumeDirectory(data, name), { recursive: true, force: true })
}

/** A row of `volume ls`. */
export interface ListedVolume {
  record: VolumeRecord
  driver: string
  scope: string
  mountpoint: string
}

/**
 * The volumes of all plugins, `recorded` being those that have a record here: what a plugin lists counts, and where it does not
 * answer, what is on record.
 */
export async function listAllPluginVolumes(
  { plugins }: Places,
  recorded: readonly VolumeRecord[],
): Promise<ListedVolume[]> {
  const names = new Set([
    ...listPlugins(plugins),
    ...recorded.flatMap(({ driver }) => driver ?? []),
  ])
  const lists = await Promise.all(
    [...names].map(async (name) => {
      const own = recorded.filter(({ driver }) => driver === name)
      try {
        const plugin = await openDriver(plugins, name)
        const [volumes, scope] = await Promise.all([listPluginVolumes(plugin), pluginScope(plugin)])
        return volumes.map((volume) => listed(volume, name, scope, own))
      } catch (error) {
        if (!(error instanceof LighterError)) throw error
        return own.map((record) => ({ record, driver: name, scope: LOCAL, mountpoint: '' }))
      }
    }),
  )
  return lists.flat()
}

function listed(
  volume: PluginVolume,
  driver: string,
  scope: string,
  own: readonly VolumeRecord[],
): ListedVolume {
  const record = own.find(({ name }) => name === volume.name) ?? bareRecord(volume, driver)
  return { record, driver, scope, mountpoint: volume.mountpoint }
}

const bareRecord = ({ name, createdAt = '' }: PluginVolume, driver: string): VolumeRecord => ({
  version: 1,
  name,
  createdAt,
  anonymous: false,
  labels: {},
  driver,
})

/** The document of a volume that a plugin keeps; `undefined` where none has it. Throws `plugin`. */
export async function inspectPluginVolume(
  places: Places,
  name: string,
  record: VolumeRecord | undefined,
): Promise<Record<string, unknown> | undefined> {
  const plugin = record?.driver
    ? await openDriver(places.plugins, record.driver).catch((error) => {
        throw within(`get ${name}`, error)
      })
    : await findHolder(places, name)
  if (!plugin) return undefined
  const volume = await getPluginVolume(plugin, name).catch((error) => {
    throw within(`get ${name}`, error)
  })
  if (!volume) {
    throw new LighterError('no-such-volume', `get ${name}: no such volume`)
  }
  const labels = record?.anonymous
    ? { ...record.labels, 'com.docker.volume.anonymous': '' }
    : (record?.labels ?? {})
  return {
    ...(volume.createdAt ? { CreatedAt: volume.createdAt.replace(/\.\d+(?=Z$)/, '') } : {}),
    Driver: plugin.name,
    Labels: Object.keys(labels).length > 0 ? sortMembers(labels) : null,
    Mountpoint: volume.mountpoint,
    Name: name,
    Options: record?.options ? sortMembers(record.options) : null,
    Scope: await pluginScope(plugin),
    ...(volume.status ? { Status: volume.status } : {}),
  }
}

/**
 * Has its plugin remove a volume, and forgets it. Returns whether a plugin had it. With `force` one is forgotten too whose plugin
 * is not there any more. Throws `plugin`.
 */
export async function removePluginVolume(
  places: Places,
  name: string,
  force: boolean,
): Promise<boolean> {
  const record = readVolume(places.data, name)
  try {
    const plugin = record?.driver
      ? await openDriver(places.plugins, record.driver)
      : await findHolder(places, name)
    if (!plugin) return false
    await callPlugin(plugin, 'VolumeDriver.Remove', { Name: name })
  } catch (error) {
    const silent = error instanceof LighterError && SILENT.has(error.code)
    if (!force || !silent || !record) throw within(`remove ${name}`, error)
  }
  if (record) forgetPluginVolume(places.data, record)
  return true
}

/** It is gone. */
export function forgetPluginVolume(data: string, record: VolumeRecord): void {
  forget(data, record)
  recordVolumeEvent(data, record.name, 'destroy', { driver: record.driver ?? LOCAL })
}
