import { readPruneFilter } from '../../lib/container/prune-filter.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { parseTruth } from '../../lib/core/truth.ts'
import { pruneVolumes } from '../../lib/housekeeping/volumes.ts'
import { atLeast } from '../http/api-version.ts'
import type { Call } from '../http/call.ts'

const KNOWN: ReadonlySet<string> = new Set(['label', 'label!'])

/** `POST /volumes/prune`: those without a name; before 1.42, and with the filter `all`, any that no container has. */
export async function prune({ engine, query, reply, version }: Call): Promise<void> {
  const filters = query.filters()
  const [asked, ...more] = filters.get('all') ?? []
  filters.delete('all')
  if (more.length > 0) {
    const told = [asked, ...more].join(' ')
    throw new LighterError(
      'bad-input',
      `invalid filter 'all=[${told}]': only one value is expected`,
    )
  }
  const all = asked === undefined ? !atLeast(version, 42) : isTrue(asked)
  const filter = readPruneFilter(filters, KNOWN)
  const { deleted, reclaimed } = await pruneVolumes(engine, filter, all)
  reply.json({ VolumesDeleted: deleted, SpaceReclaimed: reclaimed })
}

function isTrue(text: string): boolean {
  const truth = parseTruth(text)
  if (truth !== undefined) return truth
  throw new LighterError(
    'bad-input',
    `invalid filter 'all': strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`,
  )
}
