import { pruneContainers } from '../../lib/container/prune.ts'
import type { Context } from '../context.ts'
import { parsePruneFilter } from '../flags/prune-filter.ts'
import { confirm } from '../output/confirm.ts'
import { formatSize } from '../output/units.ts'
import type { Parsed } from '../parse.ts'

const WARNING = `WARNING! This will remove all stopped containers.
Are you sure you want to continue?`

/** `container prune` */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  if (!parsed.bool('force') && !confirm(WARNING)) return 0
  const { deleted, reclaimed } = await pruneContainers(
    context.engine,
    parsePruneFilter(parsed.list('filter')),
  )
  if (deleted.length > 0) context.print(['Deleted Containers:', ...deleted, ''].join('\n'))
  context.print(`Total reclaimed space: ${formatSize(reclaimed, 4)}`)
  return 0
}
