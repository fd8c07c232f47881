import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno } from '../core/errors.ts'
import { randomHex } from '../core/random.ts'
import { makeDirectory } from './replace.ts'

export interface DraftOwner {
  pid: number
  startTime: string
}

export interface Draft {
  path: string
  owner: DraftOwner
  /** A container is being made in it. */
  ofContainer: boolean
}

const RANDOM_DIGITS = 16
/** A hexadecimal digit more, so that a lighter of another version beside this one takes it for a draft, too. */
const NOT_OF_CONTAINER = '0'

/**
 * Makes `tmp/<pid>-<start time>-<random>`: unfinished work, garbage once that process is dead. Its name says whether
 * it is for a container, which may need volumes that no record names yet; other work needs none. `layer`: the digest, in hexadecimal, of
 * the layer that is unpacked in it.
 */
export function makeDraft(
  data: string,
  owner: DraftOwner,
  ofContainer = false,
  layer = '',
): string {
  const random = randomHex(RANDOM_DIGITS / 2) + (ofContainer ? '' : NOT_OF_CONTAINER) + layer
  const path = join(data, 'tmp', `${owner.pid}-${owner.startTime}-${random}`)
  makeDirectory(path)
  return path
}

/** Every draft with the process that made it. */
export function listDrafts(data: string): Draft[] {
  return listNames(join(data, 'tmp')).flatMap((name) => {
    const [, pid, startTime, random] = /^(\d+)-(\d+)-([0-9a-f]+)$/.exec(name) ?? []
    if (!pid || !startTime || !random) return []
    const owner = { pid: Number(pid), startTime }
    return [{ path: join(data, 'tmp', name), owner, ofContainer: random.length <= RANDOM_DIGITS }]
  })
}

/** Those in which a layer is unpacked. */
export const listUnpacking = (data: string, layer: string): Draft[] =>
  listDrafts(data).filter(({ path }) => path.endsWith(`${NOT_OF_CONTAINER}${layer}`))

/** The names in a directory; none when it does not exist. */
export function listNames(path: string): string[] {
  try {
    return readdirSync(path)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return []
    throw error
  }
}
