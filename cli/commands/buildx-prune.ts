import { readCacheFilter } from '../../lib/build/cache/read-filter.ts'
import { pruneCache } from '../../lib/build/cache/usage.ts'
import { chooseBuilder } from '../builder.ts'
import { withoutDaemon } from '../client-error.ts'
import type { Context } from '../context.ts'
import { parseFilters } from '../flags/filter.ts'
import { pruneSum, recordBlocks, recordTable } from '../output/cache-records.ts'
import { confirm } from '../output/confirm.ts'
import { writeOut } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

/** `buildx prune`: records of the build cache that nothing else needs, or with `-a` all of them. */
export const run = (context: Context, parsed: Parsed): Promise<number> =>
  withoutDaemon(async () => {
    const filter = readCacheFilter(parseFilters(parsed.list('filter')))
    const all = parsed.bool('all')
    if (!parsed.bool('force') && !confirm(warning(all))) return 0
    await chooseBuilder(context, parsed)
    const keepStorage = parsed.int('keep-storage') ?? 0
    const { removed } = await pruneCache(context.engine, { all, filter, keepStorage })
    const describe = parsed.bool('verbose') ? recordBlocks : recordTable
    writeOut(describe(removed, Date.now()))
    writeOut(pruneSum(removed.reduce((sum, { size }) => sum + size, 0)))
    return 0
  }, 'ERROR: ')

const warning = (all: boolean): string =>
  `WARNING! This will remove all ${all ? '' : 'dangling '}build cache. Are you sure you want to continue?`
