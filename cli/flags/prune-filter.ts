import type { PruneFilter } from '../../lib/container/prune.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { parseFilters } from './filter.ts'
import { parseTimestamp } from './time.ts'

const KNOWN: ReadonlySet<string> = new Set(['label', 'label!', 'until'])

/** The filters of the `prune` commands; `known`: their names. Throws `bad-input`. */
export function parsePruneFilter(list: readonly string[], known = KNOWN): PruneFilter {
  const filters = parseFilters(list)
  for (const name of filters.keys()) {
    if (!known.has(name)) throw new LighterError('bad-input', `invalid filter '${name}'`)
  }
  const [until, ...more] = filters.get('until') ?? []
  if (more.length > 0) throw new LighterError('bad-input', 'more than one until filter specified')
  return {
    until: until === undefined ? undefined : parseTimeFilter(until),
    labels: filters.get('label') ?? [],
    notLabels: filters.get('label!') ?? [],
  }
}

/** The value of `until`, in nanoseconds since 1970. Throws `bad-input`: the daemon reads it. */
export function parseTimeFilter(text: string): bigint {
  try {
    return parseTimestamp(text, Date.now())
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    throw new LighterError('bad-input', error.message)
  }
}
