import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno } from '../core/errors.ts'
import { randomHex } from '../core/random.ts'
import { makeDirectory } from './replace.ts'

export interface DraftOwner {
  pid: number
  startTime: string
}

/** Makes `tmp/<pid>-<start time>-<random>`: unfinished work, garbage once that process is dead. */
export function makeDraft(data: string, owner: DraftOwner): string {
  const random = randomHex(8)
  const path = join(data, 'tmp', `${owner.pid}-${owner.startTime}-${random}`)
  makeDirectory(path)
  return path
}

/** Every draft with the process that made it. */
export function listDrafts(data: string): { path: string; owner: DraftOwner }[] {
  return listNames(join(data, 'tmp')).flatMap((name) => {
    const [, pid, startTime] = /^(\d+)-(\d+)-[0-9a-f]+$/.exec(name) ?? []
    return pid && startTime
      ? [{ path: join(data, 'tmp', name), owner: { pid: Number(pid), startTime } }]
      : []
  })
}

/** The names in a directory; none when it does not exist. */
export function listNames(path: string): string[] {
  try {
    return readdirSync(path)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return []
    throw error
  }
}
