import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Engine } from '../../engine.ts'
import { listNames } from '../../fs/drafts.ts'
import { parseJson, readSmallFile } from '../../fs/read.ts'
import { makeDirectory, replaceFile } from '../../fs/replace.ts'
import { moveToTrash } from '../../fs/trash.ts'
import { Hold } from '../../runtime/hold.ts'
import { measureTrees, removeTrees } from '../../runtime/userns.ts'
import type { FileOrigin } from '../files.ts'
import type { RunMount } from './request.ts'

type CacheWish = Extract<RunMount, { type: 'cache' }>

/** A directory that steps keep between them: one copy of a cache mount. */
export interface CacheMount {
  /** Names it for `removeCacheMount`: the digest of what it is, and the number of the copy. */
  key: string
  /** As the user wrote it. */
  id: string
  target: string
  createdAt: Date
  lastUsedAt: Date
  /** How often a step began with the cache, whichever copy it had. */
  uses: number
  bytes: number
}

/** cache/mounts/<digest>/cache.json */
interface CacheRecord {
  version: 1
  id: string
  target: string
  createdAt: string
  uses: number
}

const MAX_RECORD = 64 * 1024

const allMounts = (data: string): string => join(data, 'cache', 'mounts')

/** As in BuildKit, what it begins with, and whose it is then, tell one cache from another of that id. */
function cacheDigest({ id, from, source, uid, gid, mode }: CacheWish): string {
  const start = from === undefined ? [uid, gid, mode] : [originName(from), source]
  return createHash('sha256')
    .update(JSON.stringify([id, ...start]))
    .digest('hex')
}

const originName = (origin: FileOrigin): string | readonly string[] =>
  'layers' in origin ? origin.layers : origin.directory

/** Makes the directory of a cache mount, in which the native program finds or makes the copy that a step gets, and notes the use. */
export function useCacheMount(data: string, wish: CacheWish): string {
  const directory = join(allMounts(data), cacheDigest(wish))
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const known = readRecord(directory)
  const record: CacheRecord = {
    version: 1,
    id: wish.id,
    target: wish.target,
    createdAt: known?.createdAt ?? new Date().toISOString(),
    uses: (known?.uses ?? 0) + 1,
  }
  replaceFile(recordPath(directory), `${JSON.stringify(record)}\n`, false)
  return directory
}

const recordPath = (directory: string): string => join(directory, 'cache.json')

function readRecord(directory: string): CacheRecord | undefined {
  const value = parseJson(readSmallFile(recordPath(directory), MAX_RECORD)) as
    | Partial<Record<keyof CacheRecord, unknown>>
    | null
    | undefined
  const { version, id, target, createdAt, uses } = value ?? {}
  if (version !== 1 || typeof id !== 'string' || typeof target !== 'string') return undefined
  if (typeof createdAt !== 'string' || !Number.isSafeInteger(uses)) return undefined
  return { version, id, target, createdAt, uses: Number(uses) }
}

/** All copies of all cache mounts, with what they take. */
export async function listCacheMounts(engine: Engine): Promise<CacheMount[]> {
  const all = allMounts(engine.paths.data)
  const found = listNames(all)
    .filter((name) => /^[0-9a-f]{64}$/.test(name))
    .flatMap((name) => copiesIn(join(all, name), name))
  const namespace = { program: engine.native().program, idMap: engine.idMap() }
  const sizes = await measureTrees(
    namespace,
    found.map(({ key }) => join(all, key, 'data')),
  )
  return found.map((mount, at) => ({ ...mount, bytes: sizes[at] ?? 0 }))
}

function copiesIn(directory: string, digest: string): Omit<CacheMount, 'bytes'>[] {
  const record = readRecord(directory)
  if (!record) return []
  const { id, target, createdAt, uses } = record
  return readdirSync(directory)
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const lock = statSync(join(directory, name, 'lock'), { throwIfNoEntry: false })
      if (!lock) return []
      const key = join(digest, name)
      return [{ key, id, target, createdAt: new Date(createdAt), lastUsedAt: lock.mtime, uses }]
    })
}

/** How long a lock is waited for that somebody has: long enough for the program that asks. */
const PATIENCE = 250

/** Removes a copy of a cache mount that `listCacheMounts` named; `false`: a step has it. */
export async function removeCacheMount(engine: Engine, key: string): Promise<boolean> {
  if (!/^[0-9a-f]{64}\/\d+$/.test(key)) throw new TypeError(`no cache mount: ${key}`)
  const { data } = engine.paths
  const { program } = engine.native()
  const path = join(allMounts(data), key)
  using hold = await tryHold(program, path)
  if (!hold) return statSync(path, { throwIfNoEntry: false }) === undefined
  makeDirectory(join(data, 'trash'))
  const moved = moveToTrash(data, path)
  if (moved !== undefined) await removeTrees({ program, idMap: engine.idMap() }, [moved])
  return true
}

async function tryHold(program: string, path: string): Promise<Hold | undefined> {
  try {
    return await Hold.open(program, path, AbortSignal.timeout(PATIENCE))
  } catch {
    return undefined
  }
}
