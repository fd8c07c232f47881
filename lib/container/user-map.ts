import { LighterError } from '../core/errors.ts'
import type { SpecIdMapping } from '../oci/runtime-spec.ts'
import type { IdMap } from '../runtime/protocol.ts'

type Extent = IdMap['uids'][number]

/** How the ids of a container lie in the shared user namespace, where 0 is the calling user. */
export interface UserMap {
  uids: SpecIdMapping[]
  gids: SpecIdMapping[]
  /** Whether a file of the image shows another owner than it has on disk. */
  moved: boolean
}

export interface KeptIds {
  uid: number
  gid: number
}

/** The ids that `keep-id` keeps: those it names, else the caller's. `undefined` for other modes. */
export function keptIds(mode: string | undefined): KeptIds | undefined {
  if (mode === undefined || !/^keep-id(:|$)/.test(mode)) return undefined
  const named = (name: string): number | undefined => {
    const text = new RegExp(`[:,]${name}=(\\d+)`).exec(mode)?.[1]
    return text === undefined ? undefined : Number(text)
  }
  return {
    uid: named('uid') ?? process.getuid?.() ?? 0,
    gid: named('gid') ?? process.getgid?.() ?? 0,
  }
}

/** The id map of a container with this `--userns`. Throws `host-setup` where there are too few ids for it. */
export function userMap(mode: string | undefined, idMap: IdMap): UserMap {
  const kept = keptIds(mode)
  if (kept) {
    const uids = keep(kept.uid, count(idMap.uids))
    const gids = keep(kept.gid, count(idMap.gids))
    // With one id there is nothing to be told apart: every file is the user's.
    const single = count(idMap.uids) === 1
    return { uids, gids, moved: !single && (kept.uid !== 0 || kept.gid !== 0) }
  }
  if (mode === 'nomap') {
    if (count(idMap.uids) < 2 || count(idMap.gids) < 2) {
      throw new LighterError('host-setup', '--userns nomap needs subordinate ids', {
        hint: "'lighter doctor' shows how to get them.",
      })
    }
    return {
      uids: [mapping(0, 1, count(idMap.uids) - 1)],
      gids: [mapping(0, 1, count(idMap.gids) - 1)],
      moved: true,
    }
  }
  return { uids: same(idMap.uids), gids: same(idMap.gids), moved: false }
}

const count = (extents: Extent[]): number => extents.reduce((sum, [, , size]) => sum + size, 0)

/** The user's own id as `id`, and the subordinate ones as all the others. */
function keep(id: number, total: number): SpecIdMapping[] {
  const below = Math.min(id, total - 1)
  return [mapping(0, 1, below), mapping(id, 0, 1), mapping(id + 1, id + 1, total - id - 1)].filter(
    ({ size }) => size > 0,
  )
}

const mapping = (containerID: number, hostID: number, size: number): SpecIdMapping => ({
  containerID,
  hostID,
  size,
})

/** The same ids as in the shared namespace; the kernel wants the map split where that one's extents split. */
const same = (extents: Extent[]): SpecIdMapping[] =>
  extents.map(([inside, , size]) => mapping(inside, inside, size))

/** As fuse-overlayfs wants it: owner on disk, owner shown, count, and so on. */
export const mappingOption = (mappings: SpecIdMapping[]): string =>
  mappings.map(({ containerID, hostID, size }) => `${containerID}:${hostID}:${size}`).join(':')
