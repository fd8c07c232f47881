import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { isErrno, LighterError } from '../core/errors.ts'
import { randomHex } from '../core/random.ts'
import { ensureVolume } from '../volume/volume.ts'
import {
  checkDuplicates,
  type MountRequest,
  normalizeDestination,
  parseBind,
  tmpfsMounts,
} from './mount-request.ts'
import type { MountPoint } from './record.ts'
import type { CreateRequest } from './request.ts'
import { borrowMounts } from './volumes-from.ts'

/**
 * Decides every mount of a container and makes what is missing on the host: source directories of `-v`, volumes, and an
 * anonymous volume for each of the image's that nothing else covers.
 */
export function prepareMounts(
  data: string,
  imageVolumes: string[],
  request: Pick<CreateRequest, 'binds' | 'mounts' | 'tmpfs' | 'options'>,
): MountPoint[] {
  const wanted = [...request.binds.map(parseBind), ...request.mounts, ...tmpfsMounts(request.tmpfs)]
  checkDuplicates(wanted)
  checkDrivers(wanted, request.options.volumeDriver)
  const own = new Set(wanted.map(({ destination }) => destination))
  const borrowed = borrowMounts(data, request.options.volumesFrom ?? []).filter(
    ({ destination }) => !own.has(destination),
  )
  const covered = new Set([...own, ...borrowed.map(({ destination }) => destination)])
  const fromImage = imageVolumes
    .map(imageVolume)
    .filter((destination) => !covered.has(destination))
    .map(anonymousVolume)
  const all = [...wanted, ...fromImage]
  for (const mount of all) checkSource(mount)
  return [...borrowed, ...all.map((mount) => resolveMount(data, mount))]
}

/** There is one driver. A `--mount` names its own, `-v` takes the one of `--volume-driver`. */
function checkDrivers(mounts: MountRequest[], usual: string | undefined): void {
  for (const mount of mounts) {
    if (mount.type !== 'volume') continue
    const driver = mount.driver ?? usual
    if (!driver || driver === 'local') continue
    throw new LighterError(
      'bad-input',
      `error looking up volume plugin ${driver}: plugin "${driver}" not found`,
    )
  }
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

function checkSource(mount: MountRequest): void {
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

function resolveMount(data: string, mount: MountRequest): MountPoint {
  switch (mount.type) {
    case 'bind': {
      const { createSource, ...point } = mount
      if (createSource) makeSource(point.source)
      return point
    }
    case 'volume': {
      const anonymous = mount.name === ''
      const name = anonymous ? randomHex(32) : mount.name
      const { labels = {}, driver: _, driverOptions: wanted = {}, ...point } = mount
      const { options } = ensureVolume(data, name, { anonymous, labels, options: wanted })
      return { ...point, name, anonymous, ...(options ? { driverOptions: options } : {}) }
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
