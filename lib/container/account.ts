import { posix } from 'node:path'
import { lazyOs } from '../core/lazy.ts'
import { readText } from '../host/subids.ts'
import type { Plan } from '../runtime/plan.ts'
import type { ContainerRecord } from './record.ts'
import { type KeptIds, keptIds } from './user-map.ts'

/** Who is root outside is root in the container too, and needs no name. */
export function planAccount(record: ContainerRecord): Pick<Plan, 'account'> {
  const kept = keptIds(record.host.namespaces?.user)
  return kept && process.getuid?.() !== 0 ? { account: accountOf(kept, record) } : {}
}

/** Lines of /etc/passwd and /etc/group for the user that `keep-id` keeps, in Podman's words; used where the image has none. */
export function accountOf(
  kept: KeptIds,
  record: Pick<ContainerRecord, 'config' | 'mounts'>,
  host = { passwd: readText('/etc/passwd'), group: readText('/etc/group') },
): NonNullable<Plan['account']> {
  const { uid, gid } = kept
  const known = findEntry(host.passwd, uid)
  const own = uid === process.getuid?.()
  const name = known?.[0] ?? (own ? ownName(uid) : String(uid))
  const comment = known ? (known[4] ?? '') : own ? '' : 'container user'
  const home = decideHome(own ? known?.[5] : undefined, record)
  const group = own && gid === process.getgid?.() ? findEntry(host.group, gid)?.[0] : undefined
  return {
    passwd: [name, '*', uid, gid, comment, home, '/bin/sh'].map(plain).join(':'),
    group: [group ?? gid, 'x', gid, own ? name : uid].map(plain).join(':'),
  }
}

/** Fields of the line with this number. */
const findEntry = (text: string, id: number): string[] | undefined =>
  text
    .split('\n')
    .map((line) => line.split(':'))
    .find((fields) => fields[2] === String(id))

/** A user of a directory service stands in no file. */
function ownName(uid: number): string {
  try {
    return lazyOs().userInfo().username
  } catch {
    return String(uid)
  }
}

/** The user's own directory where it is mounted, else where the container starts. */
function decideHome(
  home: string | undefined,
  { config, mounts }: Pick<ContainerRecord, 'config' | 'mounts'>,
): string {
  const places = mounts.map(({ destination }) => posix.resolve('/', destination))
  for (let path = home; path?.startsWith('/') && path !== '/'; path = posix.dirname(path)) {
    if (home !== undefined && places.includes(path)) return home
  }
  return config.workingDir || '/'
}

/** A field must not begin another field or line. */
const plain = (field: string | number): string => String(field).replace(/[:\n]/g, '_')
