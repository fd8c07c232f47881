import type { PruneFilter } from '../../lib/container/prune.ts'
import { readPruneFilter } from '../../lib/container/prune-filter.ts'
import { parseFilters } from './filter.ts'

/** The filters of the `prune` commands; `known`: their names. Throws `bad-input`. */
export const parsePruneFilter = (
  list: readonly string[],
  known?: ReadonlySet<string>,
): PruneFilter => readPruneFilter(parseFilters(list), known)
