import { statfsSync } from 'node:fs'
import { readCacheFilter } from '../../lib/build/cache/read-filter.ts'
import type { CacheFilter } from '../../lib/build/cache/record-info.ts'
import { listCacheRecords, pruneCache } from '../../lib/build/cache/usage.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { parseTimestamp } from '../../lib/core/timestamp.ts'
import type { Engine } from '../../lib/engine.ts'
import { atLeast } from '../http/api-version.ts'
import type { Call } from '../http/call.ts'
import { badRequest } from '../http/errors.ts'
import type { Query } from '../http/query.ts'

/** What records are chosen by. */
const FILTERS: ReadonlySet<string> = new Set(
  'until unused-for id parents description type inuse mutable immutable shared private'.split(' '),
)
/** No record has labels, but `docker system prune` sends those that it has for other things. As in Docker, they choose nothing here. */
const LABELS: ReadonlySet<string> = new Set(['label', 'label!'])

/** `POST /build/prune`: records of the build cache that nothing else needs, or with `all` all of them. */
export async function prune(call: Call): Promise<void> {
  const { engine, query, reply } = call
  const filters = new Map([...query.filters()].filter(([name]) => !LABELS.has(name)))
  for (const name of filters.keys()) {
    if (FILTERS.has(name.replace(/[!~]$/, ''))) continue
    throw badRequest(`failed to prune build cache: invalid filter '${name}'`)
  }
  const filter = readFilter(filters)
  const keepStorage = await bytesToKeep(call)
  const { removed, reclaimed } =
    keepStorage === undefined
      ? { removed: [], reclaimed: 0 }
      : await pruneCache(engine, { all: query.bool('all'), filter, keepStorage })
  reply.json({
    CachesDeleted: removed.length > 0 ? removed.map(({ id }) => id) : null,
    SpaceReclaimed: reclaimed,
  })
}

/** A time is a duration, or a point in time. Throws 400. */
function readFilter(filters: Map<string, string[]>): CacheFilter {
  try {
    for (const name of ['until', 'unused-for']) {
      const [text, ...more] = filters.get(name) ?? []
      if (text !== undefined && more.length === 0) filters.set(name, [ageOf(name, text)])
    }
    return readCacheFilter(filters)
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    throw badRequest(`failed to prune build cache: ${error.message}`)
  }
}

function ageOf(name: string, text: string): string {
  const now = Date.now()
  try {
    return `${BigInt(now) * 1_000_000n - parseTimestamp(text, now)}ns`
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    throw badRequest(
      `failed to prune build cache: ${JSON.stringify(name)} filter expects a duration (e.g., '24h') or a timestamp: ${error.message}`,
    )
  }
}

/** Throws 400. */
function keepStorageIn(query: Query): number | undefined {
  const text = query.text('keep-storage')
  try {
    return query.int('keep-storage')
  } catch (error) {
    throw badRequest(
      `keep-storage is in bytes and expects an integer, got ${text}: ${(error as Error).message}`,
    )
  }
}

/** How much may stay; 0: nothing; `undefined`: there is room enough, nothing has to go. */
async function bytesToKeep({ engine, version, query }: Call): Promise<number | undefined> {
  const isNew = atLeast(version, 48)
  const reserved = (isNew ? query.int('reserved-space') : undefined) ?? keepStorageIn(query) ?? 0
  const most = (isNew ? query.int('max-used-space') : undefined) ?? 0
  const free = (isNew ? query.int('min-free-space') : undefined) ?? 0
  if (free === 0) return Math.max(reserved, most)
  const missing = free - freeBytes(engine)
  if (missing <= 0 && most === 0) return undefined
  const used = (await listCacheRecords(engine)).reduce((sum, { size }) => sum + size, 0)
  const target = missing > 0 ? Math.max(1, used - missing) : most
  return Math.max(reserved, target)
}

function freeBytes({ paths }: Engine): number {
  const { bavail, bsize } = statfsSync(paths.data)
  return bavail * bsize
}
