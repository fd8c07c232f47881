import { parseDuration } from '../../core/duration.ts'
import { badSpec } from '../spec/fields.ts'
import type { CacheCondition, CacheFilter } from './record-info.ts'

/** `until`, or as it was called before. */
const TIMES = ['until', 'unused-for']

/** Reads filters of cache records, values by name: for how long one was not used, and what else must hold. Throws `usage`. */
export function readCacheFilter(filters: ReadonlyMap<string, readonly string[]>): CacheFilter {
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
