import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { lazyOs } from '../core/lazy.ts'

export interface CgroupFacts {
  /** Of the hierarchy that holds the controllers: 1 also for the hybrid layout. */
  version: 1 | 2
  /** Where cgroup v2 is mounted; `undefined` when it is not. */
  mount: string | undefined
  /** The v2 directory of this process. */
  own: string | undefined
  /** Where this user's containers can be; `undefined`: nowhere. */
  usable: string | undefined
  /** Controllers that this user may use for containers. */
  controllers: string[]
  /** A systemd manager answers for this user; for root the system's. */
  systemd: boolean
}

/** The path below the mount of cgroup v2 in the text of a `/proc/PID/cgroup`. */
export const unifiedPath = (text: string): string | undefined =>
  text
    .split('\n')
    .find((line) => line.startsWith('0::/'))
    ?.slice('0::'.length)

/** What this user can have of cgroups. */
export function readCgroups(uid: number): CgroupFacts {
  const mounts = readText('/proc/self/mounts')
    .split('\n')
    .map((line) => line.split(' '))
  const mount = mounts.find(([, , type]) => type === 'cgroup2')?.[1]
  const version = mounts.some(([, , type]) => type === 'cgroup') ? 1 : 2
  const path = unifiedPath(readText('/proc/self/cgroup'))
  const own = mount && path && join(mount, path)
  const systemd = canWrite(uid === 0 ? '/run/systemd/private' : `/run/user/${uid}/systemd/private`)
  const manager = join(mount ?? '', `user.slice/user-${uid}.slice/user@${uid}.service`)
  const base = uid === 0 ? mount : systemd ? mount && manager : own
  const usable = base && (systemd || canWrite(join(base, 'cgroup.procs'))) ? base : undefined
  const controllers = usable
    ? readText(join(usable, 'cgroup.controllers')).trim().split(/\s+/).filter(Boolean)
    : []
  return { version, mount, own: own || undefined, usable, controllers, systemd }
}

/**
 * Where a container's cgroup can be made on a host without systemd; `undefined` when nowhere. With systemd the monitor
 * asks for a scope instead.
 */
export function cgroupParent(uid: number): string | undefined {
  if (underSystemd()) return undefined
  const { version, mount, own } = readCgroups(uid)
  const parent = uid === 0 ? mount : own
  return version === 2 && parent && canWrite(join(parent, 'cgroup.procs')) ? parent : undefined
}

/** Whether systemd looks after this host's cgroups. */
export const underSystemd = (): boolean => existsSync('/run/systemd/system')

/** What can be limited, of what the kernel counts in files like `0-3`. */
export interface ResourceFacts {
  /** Names of the controllers that a container's cgroup will have. */
  controllers: ReadonlySet<string>
  /** Which weights of block devices count: of all together, of one. */
  blockWeights: { all: boolean; device: boolean }
  cpus: number
  onlineCpus: string
  onlineMems: string
}

/** Looks what this user's containers can be limited by. */
export function readResourceFacts(uid: number): ResourceFacts {
  const facts = readCgroups(uid)
  const reachable = facts.systemd || cgroupParent(uid) !== undefined
  const online = (what: string): string =>
    readText(`/sys/devices/system/${what}/online`).trim() || '0'
  return {
    controllers: new Set(reachable ? facts.controllers : []),
    blockWeights: readBlockWeights(facts),
    cpus: lazyOs().cpus().length,
    onlineCpus: online('cpu'),
    onlineMems: online('node'),
  }
}

/** BFQ has both; else one device's counts only where its cost is modelled. */
function readBlockWeights({ mount = '', usable = '' }: CgroupFacts): ResourceFacts['blockWeights'] {
  // The top of the tree has no weights: those of a directory below tell.
  const has = (name: string): boolean =>
    [usable, join(mount, 'system.slice')].some((directory) => existsSync(join(directory, name)))
  const bfq = has('io.bfq.weight')
  return {
    all: bfq || has('io.weight'),
    device: bfq || readText(join(mount, 'io.cost.qos')).includes('enable=1'),
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function canWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}
