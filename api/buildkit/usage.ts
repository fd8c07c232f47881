import { matchesFilter } from '../../lib/build/cache/filter.ts'
import type {
  CacheCondition,
  CacheFilter,
  CacheRecordInfo,
} from '../../lib/build/cache/record-info.ts'
import { listCacheRecords, pruneCache } from '../../lib/build/cache/usage.ts'
import type { Engine } from '../../lib/engine.ts'
import { grpcError } from './grpc/status.ts'
import { type PruneRequest, timestamp, type UsageRecord } from './wire/types.ts'

/** What builds keep for later ones. `ageLimit`: nanoseconds. Throws `GrpcError` for filters that are none. */
export async function listUsage(
  engine: Engine,
  filters: readonly string[],
  ageLimit: number,
): Promise<Partial<UsageRecord>[]> {
  const wanted = filtersOf(filters, ageLimit)
  const records = await listCacheRecords(engine)
  return records
    .filter((record) => wanted.some((filter) => matchesFilter(record, filter)))
    .map(usageOf)
}

/** Removes what the request means, and returns it. Throws `GrpcError` for filters that are none. */
export async function prune(
  engine: Engine,
  { filter: filters, all, keepDuration, reservedSpace, maxUsedSpace, minFreeSpace }: PruneRequest,
): Promise<Partial<UsageRecord>[]> {
  if (minFreeSpace > 0) throw grpcError('UNIMPLEMENTED', '--min-free-space is not supported')
  const keepStorage = Math.max(reservedSpace, maxUsedSpace)
  const pruned: Partial<UsageRecord>[] = []
  for (const filter of filtersOf(filters, keepDuration)) {
    const { removed } = await pruneCache(engine, { all, filter, keepStorage })
    pruned.push(...removed.map(usageOf))
  }
  return pruned
}

const usageOf = (record: CacheRecordInfo): Partial<UsageRecord> => ({
  id: record.id,
  mutable: record.mutable,
  inUse: record.inUse,
  size: record.size,
  createdAt: timestamp(record.createdAt),
  ...(record.lastUsedAt ? { lastUsedAt: timestamp(record.lastUsedAt) } : {}),
  usageCount: record.usageCount,
  description: record.description,
  recordType: record.type,
  shared: record.shared,
  parents: record.parents,
})

/** One of them has to hold; of each, which is a list with commas, all conditions. */
function filtersOf(texts: readonly string[], unusedFor: number): CacheFilter[] {
  const given = texts.filter((text) => text !== '')
  if (given.length === 0) return [{ unusedFor, conditions: [] }]
  return given.map((text) => ({ unusedFor, conditions: text.split(',').map(readCondition) }))
}

/** `type==regular`; a field alone says that it is there. */
function readCondition(text: string): CacheCondition {
  const [, field = '', operator = '==', value = 'true'] =
    /^(\w+)(?:(==|!=|~=)"?([^"]*)"?)?$/.exec(text) ?? []
  if (field === '' || (operator === '~=' && !isPattern(value))) {
    throw grpcError('INVALID_ARGUMENT', `failed to parse filter ${text}`)
  }
  return { field, operator: operator as CacheCondition['operator'], value }
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp
  } catch {
    return false
  }
}
