import { LighterError } from '../../lib/core/errors.ts'
import { parseTruth } from '../../lib/core/truth.ts'
import { type SearchFilter, type SearchResult, searchImages } from '../../lib/registry/search.ts'
import type { Context } from '../context.ts'
import { parseFilters } from '../flags/filter.ts'
import { cutText } from '../output/ellipsis.ts'
import { formatRows, type RowKind } from '../output/rows.ts'
import { writeOut } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

const DESCRIPTION = 45
const USUAL_FORMAT = 'table {{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}'

/** `search`: what a registry has, as it tells it. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const { filter, isEmpty } = readFilters(context, parsed.list('filter'))
  const limit = parsed.int('limit') ?? 0
  const results = isEmpty
    ? []
    : await searchImages(parsed.operands[0] ?? '', limit, filter, context.engine.paths)
  const format = parsed.string('format') || USUAL_FORMAT
  const most = parsed.bool('no-trunc') ? Number.POSITIVE_INFINITY : DESCRIPTION
  writeOut(formatRows(rowKind(most), format === 'table' ? USUAL_FORMAT : format, results))
  return 0
}

/** `isEmpty`: nothing is found without asking, because nothing is built by itself any more. */
function readFilters(
  context: Context,
  list: readonly string[],
): { filter: SearchFilter; isEmpty: boolean } {
  const filter: SearchFilter = {}
  let isEmpty = false
  for (const [name, values] of parseFilters(list)) {
    if (name === 'is-automated') {
      context.warn(
        'WARNING: the "is-automated" filter is deprecated, and searching for "is-automated=true" will not yield any results in future.',
      )
      isEmpty = readTruth(name, values)
    } else if (name === 'is-official') filter.official = readTruth(name, values)
    else if (name === 'stars') filter.stars = Math.max(...values.map(readNumber))
    else throw new LighterError('bad-input', `invalid filter '${name}'`)
  }
  return { filter, isEmpty }
}

function readTruth(name: string, values: readonly string[]): boolean {
  const [first = ''] = values
  const value = values.length === 1 ? parseTruth(first) : undefined
  if (value !== undefined) return value
  throw new LighterError('bad-input', `invalid filter '${name}=[${values.join(' ')}]'`)
}

function readNumber(text: string): number {
  if (/^[+-]?\d+$/.test(text)) return Number(text)
  throw new LighterError(
    'bad-input',
    `invalid filter 'stars=${text}': strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`,
  )
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
