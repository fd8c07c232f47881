import { type SearchResult, searchImages } from '../../lib/registry/search.ts'
import { readSearchFilter } from '../../lib/registry/search-filter.ts'
import type { Context } from '../context.ts'
import { parseFilters } from '../flags/filter.ts'
import { cutText } from '../output/ellipsis.ts'
import { formatRows, type RowKind } from '../output/rows.ts'
import { writeOut } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

const DESCRIPTION = 45
const USUAL_FORMAT = 'table {{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}'

const NOT_AUTOMATED =
  'WARNING: the "is-automated" filter is deprecated, and searching for "is-automated=true" will not yield any results in future.'

/** `search`: what a registry has, as it tells it. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const filters = parseFilters(parsed.list('filter'))
  if (filters.has('is-automated')) context.warn(NOT_AUTOMATED)
  const { filter, isEmpty } = readSearchFilter(filters)
  const limit = parsed.int('limit') ?? 0
  const results = isEmpty
    ? []
    : await searchImages(parsed.operands[0] ?? '', limit, filter, context.engine.paths)
  const format = parsed.string('format') || USUAL_FORMAT
  const most = parsed.bool('no-trunc') ? Number.POSITIVE_INFINITY : DESCRIPTION
  writeOut(formatRows(rowKind(most), format === 'table' ? USUAL_FORMAT : format, results))
  return 0
}

const rowKind = (most: number): RowKind<SearchResult> => ({
  type: 'formatter.searchContext',
  heads: {
    Name: 'NAME',
    Description: 'DESCRIPTION',
    StarCount: 'STARS',
    IsOfficial: 'OFFICIAL',
    IsAutomated: 'AUTOMATED',
  },
  cells: {
    Name: ({ name }) => name,
    Description: ({ description }) => cutText(description, most),
    StarCount: ({ stars }) => String(stars),
    IsOfficial: ({ official }) => (official ? '[OK]' : ''),
    IsAutomated: () => '',
  },
  jsonCells: {
    IsOfficial: ({ official }) => String(official),
    IsAutomated: () => 'false',
  },
})
