import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { SpecMount } from '../../oci/runtime-spec.ts'
import { volumeMount } from '../../volume/options.ts'
import { volumeData } from '../../volume/volume.ts'
import type { ContainerRecord, MountPoint } from '../record.ts'

export interface MountWorld {
  data: string
  /** The container's directory. */
  directory: string
  /** Where hosts, hostname and resolv.conf are: its own, or those of the container whose network it joins. */
  files: string
  /** The native program, which is the init of `--init`. */
  nativeProgram: string
  /** What is mounted instead of the source, by the places in the container: plugins have mounted it, or it is a socket. */
  places?: ReadonlyMap<string, string> | undefined
}

/** All mounts of a container in the order in which they are made. Pure. */
export function buildMounts(record: ContainerRecord, world: MountWorld): SpecMount[] {
  const own = record.mounts.map((mount) => userMount(mount, world))
  const taken = new Set(own.map(({ destination }) => destination))
  // What lies below the user's own /dev stays the user's, too.
  const isTaken = (path: string): boolean =>
    taken.has(path) || (path.startsWith('/dev/') && taken.has('/dev'))
  const system = systemMounts(record).filter(({ destination }) => !isTaken(destination))
  const files = fileMounts(record, world).filter(({ destination }) => !taken.has(destination))
  return [...system, ...[...files, ...own].sort(byDepth)]
}

interface Placed {
  destination: string
}

/** A mount below another one must come after it, whatever the order on the command line was. */
export const byDepth = (a: Placed, b: Placed): number => depth(a) - depth(b)

const depth = ({ destination }: Placed): number => destination.split('/').length

function systemMounts(record: ContainerRecord): SpecMount[] {
  const closed = ['nosuid', 'noexec', 'nodev']
  const access = record.host.privileged ? [] : ['ro']
  return [
    mount('/proc', 'proc', 'proc', closed),
    mount('/dev', 'tmpfs', 'tmpfs', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']),
    mount('/dev/pts', 'devpts', 'devpts', [
      'nosuid',
      'noexec',
      'newinstance',
      'ptmxmode=0666',
      'mode=0620',
      'gid=5',
    ]),
    mount('/sys', 'sysfs', 'sysfs', [...closed, ...access]),
    mount('/sys/fs/cgroup', 'cgroup', 'cgroup', [...access, ...closed]),
    ...ipcMounts(record, closed),
  ]
}

/** What belongs to the IPC namespace. */
function ipcMounts({ host }: ContainerRecord, closed: string[]): SpecMount[] {
  const mode = host.namespaces?.ipc
  const queues = mount('/dev/mqueue', 'mqueue', 'mqueue', closed)
  if (mode === 'none') return [queues]
  if (mode === 'host') {
    return ['/dev/mqueue', '/dev/shm']
      .filter((path) => existsSync(path))
      .map((path) => mount(path, 'bind', path, ['bind', ...closed]))
  }
  // Another runtime does not know how to reach into a container.
  if (mode?.startsWith('container:') && host.runtimeProgram === undefined) {
    return [queues, mount('/dev/shm', 'bind', '/dev/shm', ['bind', 'lighter-donor', ...closed])]
  }
  return [
    queues,
    mount('/dev/shm', 'tmpfs', 'shm', [...closed, 'mode=1777', `size=${host.shmSize}`]),
  ]
}

/** What says who the container is and whom it can ask: names of the files, and where they are mounted. */
export const FILES_OF_NAMES = [
  ['resolv.conf', '/etc/resolv.conf'],
  ['hostname', '/etc/hostname'],
  ['hosts', '/etc/hosts'],
] as const

function fileMounts(record: ContainerRecord, world: MountWorld): SpecMount[] {
  const access = record.host.readonlyRootfs ? ['ro'] : []
  const mounts = FILES_OF_NAMES.map(([name, destination]) =>
    mount(destination, 'bind', join(world.files, name), ['rbind', 'rprivate', ...access]),
  )
  if (record.host.init) {
    mounts.unshift(mount(INIT_PATH, 'bind', world.nativeProgram, ['bind', 'ro', 'nosuid', 'nodev']))
  }
  return mounts
}

/** Where `--init` puts the init program. */
export const INIT_PATH = '/sbin/docker-init'

/** Read-only means whatever is mounted below it, too, unless asked otherwise. */
const isDeep = (point: MountPoint): boolean =>
  point.type === 'bind' && point.recursive && !point.writableBelow

function userMount(point: MountPoint, { data, places }: MountWorld): SpecMount {
  const access = point.readOnly ? [isDeep(point) ? 'rro' : 'ro'] : []
  switch (point.type) {
    case 'bind':
      return mount(point.destination, 'bind', places?.get(point.destination) ?? point.source, [
        point.recursive ? 'rbind' : 'bind',
        ...access,
        point.propagation,
      ])
    case 'volume': {
      const own = volumeMount(point.driverOptions)
      // What else a volume can be is mounted on its directory, by the monitor.
      const { source, options } =
        own?.type === 'bind'
          ? own
          : {
              source: places?.get(point.destination) ?? volumeData(data, point.name),
              options: ['rbind'],
            }
      return mount(point.destination, 'bind', source, [
        ...options,
        ...access,
        'rprivate',
        ...(point.subpath === undefined ? [] : [`lighter-subpath=${point.subpath}`]),
      ])
    }
    case 'tmpfs':
      return mount(point.destination, 'tmpfs', 'tmpfs', [
        'noexec',
        'nosuid',
        'nodev',
        'rprivate',
        ...point.options,
      ])
  }
}

const mount = (
  destination: string,
  type: string,
  source: string,
  options: string[],
): SpecMount => ({ destination, type, source, options })
