import { parseDangling } from '../../lib/core/dangling.ts'
import { pruneImages } from '../../lib/housekeeping/prune.ts'
import type { Context } from '../context.ts'
import { parseFilters } from '../flags/filter.ts'
import { parsePruneFilter } from '../flags/prune-filter.ts'
import { confirm } from '../output/confirm.ts'
import { printPruned } from '../output/pruned.ts'
import type { Parsed } from '../parse.ts'

/** `image prune`: those without a tag, or with `-a` all that no container has. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const all = parsed.bool('all')
  if (!parsed.bool('force') && !confirm(warning(all))) return 0
  const list = parsed.list('filter')
  const filter = parsePruneFilter(list.filter((text) => !/^\s*dangling\s*=/i.test(text)))
  // To the daemon `-a` is one more value of this filter.
  const asked = parseFilters(list).get('dangling') ?? []
  const dangling = parseDangling([...asked, String(!all)])
  printPruned(context, 'Deleted Images:', await pruneImages(context.engine, filter, !dangling))
  return 0
}

const warning = (all: boolean): string =>
  `WARNING! This will remove all ${all ? 'images without at least one container associated to them' : 'dangling images'}.
Are you sure you want to continue?`
