import { readFileSync } from 'node:fs'
import { isDecimal } from '../core/characters.ts'
import { isErrno, LighterError } from '../core/errors.ts'
import { lazyChildProcess, lazyOs } from '../core/lazy.ts'
import { findProgram } from './programs.ts'

/** `[inside, outside, count]` */
export type Extent = [number, number, number]

/** Id map of the shared user namespace; the same shape as in plan.json. */
export interface HostIdMap {
  uids: Extent[]
  gids: Extent[]
  newuidmap?: string
  newgidmap?: string
}

export interface SubidRange {
  owner: string
  start: number
  count: number
  /** `/etc/subuid:3` */
  origin: string
}

const MAX_ID = 4294967295

/**
 * The id map of this user's containers: own id as 0, then the subordinate ranges. Without ranges, or without the two
 * programs that may write them, there is only the own id (single-id mode). Throws `host-setup` for a damaged file.
 */
export function buildIdMap(uid: number, gid: number): HostIdMap {
  const available = { uids: readOwnMap('uid_map'), gids: readOwnMap('gid_map') }
  const owner = ownerNames(uid)
  const ranges = {
    uids: within(available.uids, readRanges('/etc/subuid', owner)),
    gids: within(available.gids, readRanges('/etc/subgid', owner)),
  }
  if (uid === 0) {
    if (ranges.uids.length === 0 || ranges.gids.length === 0) {
      return { uids: identity(available.uids), gids: identity(available.gids) }
    }
    return { uids: extents(uid, ranges.uids), gids: extents(gid, ranges.gids) }
  }
  const newuidmap = findProgram('newuidmap')
  const newgidmap = findProgram('newgidmap')
  if (!newuidmap || !newgidmap || ranges.uids.length === 0 || ranges.gids.length === 0) {
    return { uids: [[0, uid, 1]], gids: [[0, gid, 1]] }
  }
  return { uids: extents(uid, ranges.uids), gids: extents(gid, ranges.gids), newuidmap, newgidmap }
}

/** Every name under which the files may list this user. */
export function ownerNames(uid: number): string[] {
  const names = [String(uid)]
  try {
    if (uid === process.getuid?.()) names.unshift(localName(uid) ?? lazyOs().userInfo().username)
  } catch {
    // A user without an entry in the user database is known by number only.
  }
  return names
}

/** Where nearly every user stands: asking the C library costs a millisecond. */
function localName(uid: number): string | undefined {
  const users = readText('/etc/passwd')
    .split('\n')
    .map((line) => line.split(':', 3))
  return users.find(([name, , id]) => name && id === String(uid))?.[0]
}

/** The ranges that the user has, from the file or, where nsswitch says so, from `getsubids`. */
export function readRanges(path: '/etc/subuid' | '/etc/subgid', owner: string[]): SubidRange[] {
  const source = subidSource(readText('/etc/nsswitch.conf'))
  const getsubids = source && findProgram('getsubids')
  const text = getsubids ? askGetsubids(getsubids, path, owner) : readText(path)
  const all = parseRanges(text, getsubids ? `${getsubids} ` : `${path}:`)
  const mine = all.filter((range) => owner.includes(range.owner))
  for (const range of mine) {
    refuseOverlap(range, all)
    refuseSystemIds(range)
  }
  return mine
}

/** The service of the `subid:` line of nsswitch.conf, unless it is the plain file. */
export function subidSource(nsswitch: string): string | undefined {
  if (!nsswitch.includes('subid')) return undefined
  const service = /^\s*subid:\s*(\S+)/m.exec(nsswitch)?.[1]
  return service === 'files' ? undefined : service
}

/** Parses `name:start:count` lines. Throws `host-setup` with file and line for what is no range. */
export function parseRanges(text: string, origin: string): SubidRange[] {
  const ranges: SubidRange[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const [owner = '', first = '', size = '', more] = line.trimEnd().split(':')
    const [start, count] = [Number(first), Number(size)]
    const isRange = owner !== '' && isDecimal(first) && isDecimal(size) && more === undefined
    if (!isRange || start + count > MAX_ID) {
      throw new LighterError('host-setup', `${origin}${index + 1}: not a range of ids: "${line}"`)
    }
    if (count > 0) ranges.push({ owner, start, count, origin: `${origin}${index + 1}` })
  }
  return ranges
}

/** Two users with the same subordinate ids could reach each other's files: such a range is not used. */
function refuseOverlap(range: SubidRange, all: SubidRange[]): void {
  const end = range.start + range.count
  const other = all.find(
    (it) => it !== range && it.start < end && range.start < it.start + it.count,
  )
  if (!other) return
  throw new LighterError(
    'host-setup',
    `${range.origin}: the range of ${range.owner} overlaps the one of ${other.owner} (${other.origin})`,
    { hint: 'Give each user a range of its own and remove the duplicate line.' },
  )
}

/** The kernel maps no id twice, and root's or the user's own must not be given away as somebody else's. */
function refuseSystemIds({ origin, start, count, owner }: SubidRange): void {
  const own = process.getuid?.() ?? 0
  const taken = [0, own].find((id) => start <= id && id < start + count)
  if (taken === undefined) return
  throw new LighterError(
    'host-setup',
    `${origin}: the range of ${owner} contains the id ${taken}`,
    {
      hint: 'Ranges begin above the ids of people and services, usually at 100000.',
    },
  )
}

function askGetsubids(program: string, path: string, owner: string[]): string {
  const flags = path === '/etc/subgid' ? ['-g'] : []
  const name = owner[0] ?? ''
  try {
    const output = lazyChildProcess().execFileSync(program, [...flags, name], {
      encoding: 'utf8',
      timeout: 10_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return output.replace(/^\d+:\s*(\S+)\s+(\d+)\s+(\d+)\s*$/gm, '$1:$2:$3')
  } catch {
    return ''
  }
}

export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return ''
    throw error
  }
}

/** The ids that this process's own namespace has: inside a container not every range of the files exists. */
function readOwnMap(file: 'uid_map' | 'gid_map'): [number, number][] {
  return readText(`/proc/self/${file}`)
    .trim()
    .split('\n')
    .map((line) => line.split(' ').filter(Boolean).map(Number))
    .map(([inside = 0, , count = 0]) => [inside, count])
}

function within(available: [number, number][], ranges: SubidRange[]): SubidRange[] {
  return ranges.filter(({ start, count }) =>
    available.some(([first, size]) => first <= start && start + count <= first + size),
  )
}

const identity = (available: [number, number][]): Extent[] =>
  available.map(([first, count]) => [first, first, count])

function extents(own: number, ranges: SubidRange[]): Extent[] {
  const result: Extent[] = [[0, own, 1]]
  let inside = 1
  for (const { start, count } of ranges) {
    result.push([inside, start, count])
    inside += count
  }
  return result
}
