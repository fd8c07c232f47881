import { LighterError } from '../core/errors.ts'
import { parseTimestamp } from '../core/timestamp.ts'
import type { PruneFilter } from './prune.ts'

const KNOWN: ReadonlySet<string> = new Set(['label', 'label!', 'until'])

/** What a pruning is limited to; the values by the name of the filter; `known`: those there are. Throws `bad-input`. */
export function readPruneFilter(
  filters: ReadonlyMap<string, readonly string[]>,
  known = KNOWN,
): PruneFilter {
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
