import { mkdirSync, statSync } from 'node:fs'
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

/**
 * Decides every mount of a container and makes what is missing on the host: source directories of `-v`, volumes, and an
 * anonymous volume for each of the image's that nothing else covers.
 */
export function prepareMounts(
  data: string,
  imageVolumes: string[],
  request: Pick<CreateRequest, 'binds' | 'mounts' | 'tmpfs'>,
): MountPoint[] {
  const wanted = [...request.binds.map(parseBind), ...request.mounts, ...tmpfsMounts(request.tmpfs)]
  checkDuplicates(wanted)
  const covered = new Set(wanted.map(({ destination }) => destination))
  const fromImage = imageVolumes
    .map((path) => normalizeDestination(path, (reason) => new LighterError('bad-input', reason)))
    .filter((destination) => !covered.has(destination))
    .map(anonymousVolume)
  const all = [...wanted, ...fromImage]
  for (const mount of all) checkSource(mount)
  return all.map((mount) => resolveMount(data, mount))
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
  if (statSync(mount.source, { throwIfNoEntry: false })) return
  throw new LighterError(
    'bad-input',
    `invalid mount config for type "bind": bind source path does not exist: ${mount.source}`,
  )
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
      ensureVolume(data, name, anonymous)
      return { ...mount, name, anonymous }
    }
    case 'tmpfs':
      return mount
  }
}

function makeSource(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })) return
  try {
    mkdirSync(path, { recursive: true, mode: 0o755 })
  } catch (error) {
    const reason = isErrno(error, 'EACCES', 'EPERM')
      ? 'permission denied'
      : isErrno(error, 'EROFS')
        ? 'read-only file system'
        : (error as Error).message
    throw new LighterError(
      'bad-input',
      `error while creating mount source path '${path}': mkdir ${path}: ${reason}`,
      { cause: error },
    )
  }
}
