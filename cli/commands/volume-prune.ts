import { LighterError } from '../../lib/core/errors.ts'
import { parseTruth } from '../../lib/core/truth.ts'
import { pruneVolumes } from '../../lib/housekeeping/volumes.ts'
import type { Context } from '../context.ts'
import { parseFilters } from '../flags/filter.ts'
import { parsePruneFilter } from '../flags/prune-filter.ts'
import { confirm } from '../output/confirm.ts'
import { printPruned } from '../output/pruned.ts'
import type { Parsed } from '../parse.ts'
import { BareRefusal } from '../report.ts'

/** `volume prune`: those without a name, or with `-a` all that no container has. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const list = parsed.list('filter')
  const [asked, ...more] = parseFilters(list).get('all') ?? []
  if (parsed.bool('all') && asked !== undefined) {
    throw new BareRefusal([
      `conflicting options: cannot specify both --all and --filter all=${asked}`,
    ])
  }
  const all = parsed.bool('all') || (asked !== undefined && more.length === 0 && isTrue(asked))
  if (!parsed.bool('force') && !confirm(warning(all))) return 0
  const others = list.filter((text) => !/^\s*all\s*=/i.test(text))
  const filter = parsePruneFilter(others, KNOWN)
  printPruned(context, 'Deleted Volumes:', await pruneVolumes(context.engine, filter, all))
  return 0
}

const KNOWN: ReadonlySet<string> = new Set(['label', 'label!'])

const warning = (all: boolean): string =>
  `WARNING! This will remove ${all ? 'all' : 'anonymous'} local volumes not used by at least one container.
Are you sure you want to continue?`

function isTrue(text: string): boolean {
  const truth = parseTruth(text)
  if (truth !== undefined) return truth
  throw new LighterError(
    'bad-input',
    `invalid filter 'all': strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`,
  )
}
