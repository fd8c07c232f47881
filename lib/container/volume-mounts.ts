import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, LighterError } from '../core/errors.ts'
import { randomHex } from '../core/random.ts'
import { listNames } from '../fs/drafts.ts'
import { parseJson, readSmallFile, readSmallText } from '../fs/read.ts'
import type { HostPaths } from '../host/paths.ts'
import { isAlive, ownIdentity, type ProcessIdentity } from '../host/process.ts'
import { callPlugin, pluginTimeLimit } from '../volume/plugin/client.ts'
import type { Plugin } from '../volume/plugin/discovery.ts'
import { mountPluginVolume, openDriver } from '../volume/plugin/driver.ts'
import { forgetPluginVolume } from '../volume/plugin/volumes.ts'
import { readVolume } from '../volume/volume.ts'
import { containerDirectory } from './catalog.ts'
import type { ContainerRecord } from './record.ts'
import { isLive, readState } from './state.ts'

/** volume-mounts/<id>.json: a plugin was told to mount, and must be told to unmount. */
interface MountRecord {
  version: 1
  /** What the plugin knows this use by. */
  id: string
  plugin: Plugin
  volume: string
  /** Id of the container. */
  container: string
  /** Who prepares the container's start. */
  owner: ProcessIdentity
  /** An anonymous volume of `--rm`, which goes with the container. */
  discard: boolean
}

/** What plugins have mounted for one start. */
export interface PluginMounts {
  ids: string[]
  /** Seconds that a plugin has to unmount at the end. */
  timeLimit: number
  /** Directories, by the places in the container. */
  places: ReadonlyMap<string, string>
}

/** Seconds: the monitor ends whoever takes longer (native/src/monitor_at_end.c). */
const LONGEST_AT_END = 30

type PluginMount = Extract<ContainerRecord['mounts'][number], { type: 'volume' }> & {
  driver: string
}

const pluginMounts = ({ mounts }: ContainerRecord): PluginMount[] =>
  mounts.filter(
    (mount): mount is PluginMount => mount.type === 'volume' && mount.driver !== undefined,
  )

/** Has the plugins mount what the container needs; all of it, or nothing. Throws `start-failed`. */
export async function mountPluginVolumes(
  paths: Pick<HostPaths, 'data' | 'plugins'>,
  container: ContainerRecord,
): Promise<PluginMounts> {
  const places = new Map<string, string>()
  const ids: string[] = []
  try {
    for (const mount of pluginMounts(container)) {
      const id = randomHex(32)
      ids.push(id)
      places.set(mount.destination, await mountOne(paths, container, mount, id))
    }
  } catch (error) {
    await unmountPluginVolumes(paths.data, ids)
    throw error
  }
  return { ids, places, timeLimit: Math.min(pluginTimeLimit(), LONGEST_AT_END) }
}

async function mountOne(
  { data, plugins }: Pick<HostPaths, 'data' | 'plugins'>,
  container: ContainerRecord,
  { name, driver, anonymous }: PluginMount,
  id: string,
): Promise<string> {
  try {
    const plugin = await openDriver(plugins, driver)
    // Before the plugin is asked: what it did in the instant of a crash is to be undone too.
    writeMount(data, {
      version: 1,
      id,
      plugin,
      volume: name,
      container: container.id,
      owner: ownIdentity(),
      discard: anonymous && container.host.autoRemove,
    })
    const place = await mountPluginVolume(plugin, name, id)
    if (statSync(place, { throwIfNoEntry: false })?.isDirectory()) return place
    throw new LighterError('plugin', `VolumeDriver.Mount: ${place} is no directory`)
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    // It has nothing to undo.
    if (error.code === 'plugin-refused') rmSync(join(folder(data), `${id}.json`), { force: true })
    throw new LighterError('start-failed', `error while mounting volume '': ${error.message}`, {
      cause: error,
    })
  }
}

const folder = (data: string): string => join(data, 'volume-mounts')

function writeMount(data: string, record: MountRecord): void {
  mkdirSync(folder(data), { recursive: true, mode: 0o700 })
  writeFileSync(join(folder(data), `${record.id}.json`), JSON.stringify(record), {
    mode: 0o600,
    flag: 'wx',
  })
}

/**
 * Tells the plugins that these uses are over, each once, whoever else does so at the same time. A plugin that fails or does not
 * answer is not asked again: it has its own books.
 */
export async function unmountPluginVolumes(data: string, ids: readonly string[]): Promise<void> {
  const claimed = ids.flatMap((id) => claim(data, `${id}.json`) ?? [])
  await Promise.all(claimed.map((path) => finishMount(data, path)))
}

/** `<id>.json`, while somebody works on it `<id>.<pid>-<start time>-<boot id>`. */
const MOUNT_NAME = /^([0-9a-f]{64})\.(?:json|(\d+)-(\d+)-([0-9a-f-]{36}))$/

/** Takes a record over, for a rename succeeds for one only. Returns where it is then. */
function claim(data: string, name: string): string | undefined {
  const { pid, startTime, bootId } = ownIdentity()
  const path = join(folder(data), `${name.split('.')[0]}.${pid}-${startTime}-${bootId}`)
  try {
    renameSync(join(folder(data), name), path)
    return path
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}

async function finishMount(data: string, path: string): Promise<void> {
  const record = readMount(path)
  try {
    if (record) await tellPlugin(data, record)
  } finally {
    rmSync(path, { force: true })
  }
}

async function tellPlugin(data: string, record: MountRecord): Promise<void> {
  const { plugin, volume, id } = record
  try {
    await callPlugin(plugin, 'VolumeDriver.Unmount', { Name: volume, ID: id })
    if (!record.discard) return
    await callPlugin(plugin, 'VolumeDriver.Remove', { Name: volume })
    const known = readVolume(data, volume)
    if (known?.driver !== undefined) forgetPluginVolume(data, known)
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
  }
}

const MAX_MOUNT = 64 * 1024

function readMount(path: string): MountRecord | undefined {
  const record = parseJson(readSmallFile(path, MAX_MOUNT)) as MountRecord | undefined
  return record?.version === 1 ? record : undefined
}

/** Tells the plugins of what monitors that were killed did not: the uses of containers that are over. */
export async function releaseOrphanedMounts(data: string): Promise<void> {
  const claimed = listNames(folder(data))
    .filter((name) => isOrphaned(data, name))
    .flatMap((name) => claim(data, name) ?? [])
  await Promise.all(claimed.map((path) => finishMount(data, path)))
}

function isOrphaned(data: string, name: string): boolean {
  const [, id, pid, startTime, bootId] = MOUNT_NAME.exec(name) ?? []
  if (id === undefined) return false
  if (pid !== undefined) {
    return !isAlive({ pid: Number(pid), startTime: startTime ?? '', bootId: bootId ?? '' })
  }
  const record = readMount(join(folder(data), name))
  if (!record) return false
  return !isAlive(record.owner) && !isUsed(data, record)
}

const MAX_PLAN = 1024 * 1024

/** Whether the container runs with this very mount. */
function isUsed(data: string, { container, id }: MountRecord): boolean {
  const directory = containerDirectory(data, container)
  if (!isLive(readState(directory))) return false
  return readSmallText(join(directory, 'plan.json'), MAX_PLAN)?.includes(id) === true
}
