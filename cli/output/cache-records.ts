import type { CacheRecordInfo } from '../../lib/build/cache/record-info.ts'
import { printable } from '../../lib/core/printable.ts'
import { formatSize, formatSpan } from '../../lib/core/units.ts'
import { formatNanoDate } from './date.ts'
import { alignTabs } from './tab-stops.ts'

/** Records of the build cache as `buildx du` and `prune` list them, one line each. */
export function recordTable(records: readonly CacheRecordInfo[], now: number): string {
  if (records.length === 0) return ''
  const rows = records.map((record) => [
    `${record.id}${record.mutable ? '*' : ''}`.padEnd(40),
    String(record.reclaimable).padEnd(5),
    `${formatSize(record.size, 4)}${record.shared ? '*' : ''}`.padEnd(10),
    formatUsed(record, now),
  ])
  return alignTabs([['ID', 'RECLAIMABLE', 'SIZE', 'LAST ACCESSED'], ...rows])
}

/** The same with all that is known of each. */
export const recordBlocks = (records: readonly CacheRecordInfo[], now: number): string =>
  alignTabs(records.flatMap((record) => [...describeRecord(record, now), []]))

function describeRecord(record: CacheRecordInfo, now: number): string[][] {
  const { id, parents, createdAt, mutable, reclaimable, shared, size, description } = record
  return [
    ['ID:', id],
    ...(parents.length > 0 ? [['Parent:', parents.join(',')]] : []),
    ['Created at:', formatNanoDate(createdAt)],
    ['Mutable:', String(mutable)],
    ['Reclaimable:', String(reclaimable)],
    ['Shared:', String(shared)],
    ['Size:', formatSize(size, 4)],
    ...(description === '' ? [] : [['Description:', printable(description)]]),
    ['Usage count:', String(record.usageCount)],
    ...(record.lastUsedAt ? [['Last used:', formatUsed(record, now)]] : []),
    ['Type:', record.type],
  ]
}

const formatUsed = ({ lastUsedAt }: CacheRecordInfo, now: number): string =>
  lastUsedAt ? `${formatSpan(now - lastUsedAt.getTime())} ago` : ''

/** What all of them take. */
export function recordSums(records: readonly CacheRecordInfo[]): string {
  const sum = (chosen: readonly CacheRecordInfo[]): number =>
    chosen.reduce((total, { size }) => total + size, 0)
  const total = sum(records)
  const shared = sum(records.filter((record) => record.shared))
  const line = (head: string, size: number): string[] => [head, formatSize(size, 4)]
  return alignTabs([
    ...(shared > 0 ? [line('Shared:', shared), line('Private:', total - shared)] : []),
    line('Reclaimable:', sum(records.filter(({ reclaimable }) => reclaimable))),
    line('Total:', total),
  ])
}

/** The last line of a prune. */
export const pruneSum = (bytes: number): string => alignTabs([['Total:', formatSize(bytes, 4)]])
