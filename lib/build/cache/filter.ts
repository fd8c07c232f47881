import type { CacheCondition, CacheFilter, CacheRecordInfo } from './record-info.ts'

/** Whether a record is one of those that a filter means: unused for long enough, and all its conditions hold. */
export function matchesFilter(
  record: CacheRecordInfo,
  filter: CacheFilter,
  now = Date.now(),
): boolean {
  const used = (record.lastUsedAt ?? record.createdAt).getTime()
  if (filter.unusedFor > 0 && (now - used) * 1e6 < filter.unusedFor) return false
  return filter.conditions.every((condition) => holds(record, condition))
}

function holds(record: CacheRecordInfo, { field, operator, value }: CacheCondition): boolean {
  const values = fieldsOf(record, field)
  switch (operator) {
    case '==':
      return values.includes(value)
    case '!=':
      return !values.includes(value)
    case '~=': {
      const pattern = new RegExp(value)
      return values.some((one) => pattern.test(one))
    }
  }
}

/** Members as BuildKit's filters name them; what only says yes is `true` or nothing. */
function fieldsOf(record: CacheRecordInfo, field: string): string[] {
  const flag = (said: boolean): string[] => (said ? ['', 'true'] : [])
  switch (field) {
    case 'id':
      return [record.id]
    case 'parents':
      return [...record.parents]
    case 'description':
      return [record.description]
    case 'type':
      return [record.type]
    case 'inuse':
      return flag(record.inUse)
    case 'mutable':
      return flag(record.mutable)
    case 'immutable':
      return flag(!record.mutable)
    case 'shared':
      return flag(record.shared)
    case 'private':
      return flag(!record.shared)
    default:
      return []
  }
}
