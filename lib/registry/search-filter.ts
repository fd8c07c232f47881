import { LighterError } from '../core/errors.ts'
import { parseTruth } from '../core/truth.ts'
import type { SearchFilter } from './search.ts'

/**
 * Reads the filters of a search, values by name. `isEmpty`: nothing is found without asking, because nothing is built by itself any
 * more. Throws `bad-input`.
 */
export function readSearchFilter(filters: ReadonlyMap<string, readonly string[]>): {
  filter: SearchFilter
  isEmpty: boolean
} {
  const filter: SearchFilter = {}
  let isEmpty = false
  for (const [name, values] of filters) {
    if (name === 'is-automated') isEmpty = readTruth(name, values)
    else if (name === 'is-official') filter.official = readTruth(name, values)
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
