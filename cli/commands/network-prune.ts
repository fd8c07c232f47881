import { pruneNetworks } from '../../lib/housekeeping/networks.ts'
import type { Context } from '../context.ts'
import { parsePruneFilter } from '../flags/prune-filter.ts'
import { confirm } from '../output/confirm.ts'
import type { Parsed } from '../parse.ts'

const WARNING = `WARNING! This will remove all custom networks not used by at least one container.
Are you sure you want to continue?`

/** `network prune` */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  if (!parsed.bool('force') && !confirm(WARNING)) return 0
  const filter = parsePruneFilter(parsed.list('filter'))
  const deleted = pruneNetworks(context.engine.paths.data, filter)
  if (deleted.length > 0) context.print(['Deleted Networks:', ...deleted, ''].join('\n'))
  return 0
}
