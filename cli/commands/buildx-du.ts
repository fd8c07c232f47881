import { matchesFilter } from '../../lib/build/cache/filter.ts'
import { readCacheFilter } from '../../lib/build/cache/read-filter.ts'
import { listCacheRecords } from '../../lib/build/cache/usage.ts'
import { chooseBuilder } from '../builder.ts'
import { withoutDaemon } from '../client-error.ts'
import type { Context } from '../context.ts'
import { parseFilters } from '../flags/filter.ts'
import { recordBlocks, recordSums, recordTable } from '../output/cache-records.ts'
import { writeOut } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

/** `buildx du`: records of the build cache, the largest first. */
export const run = (context: Context, parsed: Parsed): Promise<number> =>
  withoutDaemon(async () => {
    const filter = readCacheFilter(parseFilters(parsed.list('filter')))
    await chooseBuilder(context, parsed)
    const now = Date.now()
    const records = (await listCacheRecords(context.engine))
      .filter((record) => matchesFilter(record, filter, now))
      .sort((a, b) => b.size - a.size || (a.id < b.id ? 1 : -1))
    const describe = parsed.bool('verbose') ? recordBlocks : recordTable
    writeOut(describe(records, now))
    if (parsed.list('filter').length === 0) writeOut(recordSums(records))
    return 0
  }, 'ERROR: ')
