import type { CacheCondition, CacheFilter } from '../../lib/build/cache/record-info.ts'
import { badSpec } from '../../lib/build/spec/fields.ts'
import { parseDuration } from '../../lib/core/duration.ts'
import { parseFilters } from './filter.ts'

/** `until`, or as it was called before. */
const TIMES = ['until', 'unused-for']

/** The filters of `buildx du` and `prune`: for how long a record was not used, and what else must hold. Throws `usage`. */
export function parseCacheFilter(list: readonly string[]): CacheFilter {
  const filters = parseFilters(list)
  const [time, ...more] = TIMES.filter((name) => filters.has(name))
  if (more.length > 0) throw badSpec('conflicting filters "until" and "unused-for"')
  for (const values of filters.values()) {
    if (values.length > 1) throw badSpec('filters expect only one value')
  }
  return {
    unusedFor: time === undefined ? 0 : parseTime(time, filters.get(time)?.[0] ?? ''),
    conditions: [...filters]
      .filter(([name]) => name !== time)
      .map(([name, [value = '']]) => parseCondition(name, value)),
  }
}

const parseTime = (name: string, text: string): number =>
  parseDuration(text, (reason) =>
    badSpec(`${JSON.stringify(name)} filter expects a duration (e.g., '24h'): ${reason}`),
  )

/** A `!` or `~` at the end of the name belongs to the operator; ids are looked for in any place. */
function parseCondition(name: string, value: string): CacheCondition {
  if (name.endsWith('!')) return { field: name.slice(0, -1), operator: '!=', value }
  const isPattern = name.endsWith('~') || name === 'id'
  if (isPattern) checkPattern(value)
  return isPattern
    ? { field: name.replace(/~$/, ''), operator: '~=', value }
    : { field: name, operator: '==', value }
}

function checkPattern(text: string): void {
  try {
    new RegExp(text)
  } catch {
    throw badSpec(`filter expects a regular expression: ${JSON.stringify(text)}`)
  }
}
