import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { isErrno, LighterError } from '../core/errors.ts'
import { randomHex } from '../core/random.ts'
import { listNames } from '../fs/drafts.ts'
import { isEngineSocket } from '../host/engine-socket.ts'
import type { HostPaths } from '../host/paths.ts'
import { checkVolumeName, ensureVolume, readVolume } from '../volume/volume.ts'
import {
  isAnonymous,
  type MountRequest,
  normalizeDestination,
  orderMounts,
  parseBind,
  tmpfsMounts,
} from './mount-request.ts'
import type { MountPoint } from './record.ts'
import type { CreateRequest } from './request.ts'
import { borrowMounts } from './volumes-from.ts'

/**
 * Decides every mount of a container and makes what is missing on the host: source directories of `-v`, volumes, and an
 * anonymous volume for each `-v /path` and each of the image's that nothing else covers.
 */
export async function prepareMounts(
  paths: HostPaths,
  imageVolumes: string[],
  request: Pick<CreateRequest, 'binds' | 'mounts' | 'tmpfs' | 'options'>,
): Promise<MountPoint[]> {
  const { data } = paths
  const binds = request.binds.filter((text) => !isAnonymous(text)).map(parseBind)
  const wanted = orderMounts(binds, request.mounts, tmpfsMounts(request.tmpfs))
  const own = new Set(wanted.map(({ destination }) => destination))
  const borrowed = borrowMounts(data, request.options.volumesFrom ?? []).filter(
    ({ destination }) => !own.has(destination),
  )
  const covered = new Set([...own, ...borrowed.map(({ destination }) => destination)])
  const anonymous = new Set([
    ...request.binds.filter(isAnonymous).map((text) => parseBind(text).destination),
    ...imageVolumes.map(imageVolume),
  ])
  const uncovered = [...anonymous].filter((destination) => !covered.has(destination))
  const all = [...wanted, ...uncovered.map(anonymousVolume)].map((mount) =>
    mount.type === 'volume' ? nameVolume(mount, request.options.volumeDriver) : mount,
  )
  for (const mount of all) if (!isSocket(paths, mount)) checkSource(mount)
  for (const mount of all) if (mount.type === 'bind' && mount.chown) await checkGift(mount.source)
  await ensurePluginVolumes(paths, all)
  for (const mount of all) checkName(data, mount)
  return [...borrowed, ...all.map((mount) => resolveMount(paths, mount))]
}

type NamedVolume = Extract<MountRequest, { type: 'volume' }> & { anonymous: boolean }
type NamedMount = Exclude<MountRequest, { type: 'volume' }> | NamedVolume

/** A `--mount` names its own driver, `-v` takes the one of `--volume-driver`. */
function nameVolume(
  mount: Extract<MountRequest, { type: 'volume' }>,
  usual: string | undefined,
): NamedVolume {
  const anonymous = mount.name === ''
  const driver = mount.driver ?? usual
  return {
    ...mount,
    anonymous,
    name: anonymous ? randomHex(32) : mount.name,
    ...(driver ? { driver } : {}),
  }
}

const checkGift = async (source: string): Promise<void> =>
  (await import('./given-mounts.ts')).checkGift(source)

/** Volumes that plugins keep, before anything is made here. Where no plugin is installed nothing is loaded for them. */
async function ensurePluginVolumes(paths: HostPaths, mounts: NamedMount[]): Promise<void> {
  const { data } = paths
  for (const mount of mounts) {
    if (mount.type !== 'volume') continue
    const { name, driver, anonymous, labels = {}, driverOptions: options = {} } = mount
    const record = readVolume(data, name)
    const plain = driver === undefined && (anonymous || record || !mayHavePlugins(paths))
    if ((plain || driver === 'local') && record?.driver === undefined) continue
    const { ensurePluginVolume } = await import('../volume/plugin/volumes.ts')
    await ensurePluginVolume(paths, name, driver, { anonymous, labels, options })
  }
}

const mayHavePlugins = ({ plugins }: HostPaths): boolean =>
  [...plugins.sockets, ...plugins.specs].some((place) => listNames(place).length > 0)

/** Before anything is made: a plugin's volume may be called otherwise. */
function checkName(data: string, mount: NamedMount): void {
  if (mount.type !== 'volume' || readVolume(data, mount.name)) return
  checkVolumeName(mount.name)
}

/** Where an image wants a volume. It cannot take away what the container is confined by; its user can. */
function imageVolume(path: string): string {
  const destination = normalizeDestination(path, (reason) => new LighterError('bad-input', reason))
  if (!/^\/(proc|sys|dev)(\/|$)/.test(destination)) return destination
  throw new LighterError(
    'bad-input',
    `the image declares a volume at ${destination}, which every container has of its own`,
  )
}

const anonymousVolume = (destination: string): MountRequest => ({
  type: 'volume',
  name: '',
  destination,
  readOnly: false,
  mode: '',
  copy: true,
})

/** What takes the place of Docker's socket is decided at each start. */
const isSocket = (paths: HostPaths, mount: NamedMount): boolean =>
  mount.type === 'bind' && isEngineSocket(paths, mount.source)

/** Before a start: a source may have vanished since the container was made. */
export function renewSource(mount: Extract<MountPoint, { type: 'bind' }>): void {
  if (mount.createSource) makeSource(mount.source)
  else checkSource({ ...mount, createSource: false })
}

function checkSource(mount: NamedMount): void {
  if (mount.type !== 'bind' || mount.createSource) return
  const bad = (reason: string): LighterError =>
    new LighterError('bad-input', `invalid mount config for type "bind": ${reason}`)
  let found: boolean
  try {
    found = statSync(mount.source, { throwIfNoEntry: false }) !== undefined
  } catch (error) {
    throw bad(`stat ${mount.source}: ${reasonOf(error)}`)
  }
  if (!found) throw bad(`bind source path does not exist: ${mount.source}`)
}

function resolveMount(paths: HostPaths, mount: NamedMount): MountPoint {
  const { data } = paths
  switch (mount.type) {
    case 'bind': {
      const { createSource, ...point } = mount
      if (!createSource) return point
      if (!isSocket(paths, mount)) makeSource(point.source)
      return { ...point, createSource }
    }
    case 'volume': {
      const { labels = {}, driver: _, driverOptions: wanted = {}, ...point } = mount
      const { anonymous, name } = mount
      const { options, driver } = ensureVolume(data, name, { anonymous, labels, options: wanted })
      if (driver !== undefined) return { ...point, driver }
      return { ...point, ...(options ? { driverOptions: options } : {}) }
    }
    case 'tmpfs':
      return mount
  }
}

function makeSource(path: string): void {
  try {
    if (!statSync(path, { throwIfNoEntry: false })) makeDirectories(path)
  } catch (error) {
    throw new LighterError(
      'bad-input',
      `error while creating mount source path '${path}': mkdir ${path}: ${reasonOf(error)}`,
      { cause: error },
    )
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'read-only file system',
  ENOTDIR: 'not a directory',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  ELOOP: 'too many levels of symbolic links',
  ENAMETOOLONG: 'file name too long',
}

function reasonOf(error: unknown): string {
  const name = Object.keys(REASONS).find((candidate) => isErrno(error, candidate))
  if (name === undefined) throw error
  return REASONS[name] ?? ''
}

/** One by one: mkdir with `recursive` never ends where the file system makes no directories, as in /proc. */
function makeDirectories(path: string): void {
  const parent = dirname(path)
  if (!statSync(parent, { throwIfNoEntry: false })) makeDirectories(parent)
  try {
    mkdirSync(path, { mode: 0o755 })
  } catch (error) {
    if (!isErrno(error, 'EEXIST') || !statSync(path).isDirectory()) throw error
  }
}
