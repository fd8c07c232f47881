import { LighterError } from '../../core/errors.ts'
import type { PluginPlaces } from '../../host/paths.ts'
import { callPlugin } from './client.ts'
import { findPlugin, listPlugins, type Plugin } from './discovery.ts'

/** What a plugin says of a volume. */
export interface PluginVolume {
  name: string
  /** Empty while nobody has it mounted. */
  mountpoint: string
  createdAt?: string
  status?: Record<string, unknown>
}

/** Finds a plugin and makes sure that it has volumes. Throws `plugin` with Docker's sentence. */
export async function openDriver(places: PluginPlaces, name: string): Promise<Plugin> {
  try {
    const plugin = findPlugin(places, name)
    const { Implements: kinds } = await callPlugin(plugin, 'Plugin.Activate')
    if (Array.isArray(kinds) && kinds.includes('VolumeDriver')) return plugin
    throw new LighterError('plugin', 'Plugin does not implement the requested driver')
  } catch (error) {
    throw within(`error looking up volume plugin ${name}`, error)
  }
}

/** The same error with where it happened in front; others are faults and stay as they are. */
export const within = (place: string, error: unknown): unknown =>
  error instanceof LighterError
    ? new LighterError(error.code, `${place}: ${error.message}`, { cause: error })
    : error

/** Every plugin that has volumes; what cannot be reached now is passed over. */
export async function openAllDrivers(places: PluginPlaces): Promise<Plugin[]> {
  const opened = await Promise.all(
    listPlugins(places).map((name) => openDriver(places, name).catch(passOver)),
  )
  return opened.filter((plugin) => plugin !== undefined)
}

function passOver(error: unknown): undefined {
  if (!(error instanceof LighterError)) throw error
}

/** What the plugin knows of a volume; `undefined` where it says that it has none. Throws `plugin` when it says nothing. */
export async function getPluginVolume(
  plugin: Plugin,
  name: string,
): Promise<PluginVolume | undefined> {
  try {
    const { Volume: volume } = await callPlugin(plugin, 'VolumeDriver.Get', { Name: name })
    return readPluginVolume(volume)
  } catch (error) {
    // It answered, in Docker's eyes, that there is no such volume.
    if (error instanceof LighterError && error.code === 'plugin-refused') return undefined
    throw within(
      `error while checking if volume ${JSON.stringify(name)} exists in driver ${JSON.stringify(plugin.name)}`,
      error,
    )
  }
}

/** All that the plugin lists. Throws `plugin`. */
export async function listPluginVolumes(plugin: Plugin): Promise<PluginVolume[]> {
  const { Volumes: volumes } = await callPlugin(plugin, 'VolumeDriver.List')
  return (Array.isArray(volumes) ? volumes : []).flatMap((each) => readPluginVolume(each) ?? [])
}

function readPluginVolume(value: unknown): PluginVolume | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { Name, Mountpoint, CreatedAt, Status } = value as Record<string, unknown>
  if (typeof Name !== 'string' || !isPluginVolumeName(Name)) return undefined
  return {
    name: Name,
    mountpoint: isPath(Mountpoint) ? Mountpoint : '',
    ...(typeof CreatedAt === 'string' && !Number.isNaN(Date.parse(CreatedAt))
      ? { createdAt: new Date(CreatedAt).toISOString() }
      : {}),
    ...(typeof Status === 'object' && Status !== null && !Array.isArray(Status)
      ? { status: Status as Record<string, unknown> }
      : {}),
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const CONTROL = /[\x00-\x1f\x7f]/

const isPath = (value: unknown): value is string =>
  typeof value === 'string' && value.startsWith('/') && !CONTROL.test(value)

/** Plugins may give names that no volume of the local driver has. */
export const isPluginVolumeName = (name: string): boolean =>
  name !== '' && name.length <= 80 && !CONTROL.test(name)

/** `local` or `global`: whether every host that has the plugin has its volumes. */
export async function pluginScope(plugin: Plugin): Promise<string> {
  try {
    const { Capabilities } = await callPlugin(plugin, 'VolumeDriver.Capabilities')
    return (Capabilities as { Scope?: unknown } | undefined)?.Scope === 'global'
      ? 'global'
      : 'local'
  } catch (error) {
    // Older ones do not know the call.
    if (!(error instanceof LighterError)) throw error
    return 'local'
  }
}

/** Mounts a volume for one use of it. Returns the directory. Throws `plugin`. */
export async function mountPluginVolume(plugin: Plugin, name: string, id: string): Promise<string> {
  const { Mountpoint: place } = await callPlugin(plugin, 'VolumeDriver.Mount', {
    Name: name,
    ID: id,
  })
  if (isPath(place)) return place
  throw new LighterError(
    'plugin',
    `VolumeDriver.Mount: the mount point of ${name} is no absolute path: ${JSON.stringify(place ?? '')}`,
  )
}
