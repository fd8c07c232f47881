import { pruneContainers } from '../../lib/container/prune.ts'
import type { Context } from '../context.ts'
import { parsePruneFilter } from '../flags/prune-filter.ts'
import { confirm } from '../output/confirm.ts'
import { printPruned } from '../output/pruned.ts'
import type { Parsed } from '../parse.ts'

const WARNING = `WARNING! This will remove all stopped containers.
Are you sure you want to continue?`

/** `container prune` */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  if (!parsed.bool('force') && !confirm(WARNING)) return 0
  const filter = parsePruneFilter(parsed.list('filter'))
  printPruned(context, 'Deleted Containers:', await pruneContainers(context.engine, filter))
  return 0
}
