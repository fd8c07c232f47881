import { pruneCache } from '../../lib/build/cache/usage.ts'
import { pruneContainers } from '../../lib/container/prune.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { pruneNetworks } from '../../lib/housekeeping/networks.ts'
import { pruneImages } from '../../lib/housekeeping/prune.ts'
import { pruneVolumes } from '../../lib/housekeeping/volumes.ts'
import type { Context } from '../context.ts'
import { parseFilters } from '../flags/filter.ts'
import { parsePruneFilter } from '../flags/prune-filter.ts'
import { confirm } from '../output/confirm.ts'
import { printDeleted, printReclaimed } from '../output/pruned.ts'
import type { Parsed } from '../parse.ts'

/** `system prune`: what nothing uses. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const { engine } = context
  const all = parsed.bool('all')
  const volumes = parsed.bool('volumes')
  if (volumes && parseFilters(parsed.list('filter')).has('until')) {
    throw new LighterError('usage', 'ERROR: The "until" filter is not supported with "--volumes"')
  }
  if (!parsed.bool('force') && !confirm(describeWarning(parsed))) return 0
  const filter = parsePruneFilter(parsed.list('filter'))
  let total = 0
  const show = (title: string, deleted: string[], reclaimed: number): void => {
    total += reclaimed
    printDeleted(context, title, deleted)
  }
  const containers = await pruneContainers(engine, filter)
  show('Deleted Containers:', containers.deleted, containers.reclaimed)
  show('Deleted Networks:', pruneNetworks(engine.paths.data, filter), 0)
  if (volumes) {
    const { deleted, reclaimed } = await pruneVolumes(engine, filter)
    show('Deleted Volumes:', deleted, reclaimed)
  }
  const images = await pruneImages(engine, filter, all)
  show('Deleted Images:', images.deleted, images.reclaimed)
  const cache = await pruneCache(engine, {
    all,
    filter: { unusedFor: unusedFor(filter.until), conditions: [] },
    keepStorage: 0,
  })
  const records = cache.removed.map(({ id }) => id)
  show('Deleted build cache objects:', records, cache.reclaimed)
  printReclaimed(context, total)
  return 0
}

/** Of the build cache it counts when something was used last. In nanoseconds. */
const unusedFor = (until: bigint | undefined): number =>
  until === undefined ? 0 : Math.max(0, Number(BigInt(Date.now()) * 1_000_000n - until))

function describeWarning(parsed: Parsed): string {
  const all = parsed.bool('all')
  const doomed = [
    'all stopped containers',
    'all networks not used by at least one container',
    ...(parsed.bool('volumes') ? ['all anonymous volumes not used by at least one container'] : []),
    all ? 'all images without at least one container associated to them' : 'all dangling images',
    all ? 'all build cache' : 'unused build cache',
  ]
  const filters = [...parseFilters(parsed.list('filter'))]
    .flatMap(([name, values]) => values.map((value) => `${name}=${value}`))
    .sort()
  const items = (lines: string[]): string => lines.map((line) => `  - ${line}\n`).join('')
  const filtered =
    filters.length > 0 ? `\n  Items to be pruned will be filtered with:\n${items(filters)}` : ''
  return `WARNING! This will remove:\n${items(doomed)}${filtered}\nAre you sure you want to continue?`
}
