/** What is wrong with a `--filter`. */
export const checkFilter = (text: string): string | undefined =>
  text === '' || text.includes('=') ? undefined : 'bad format of filter (expected name=value)'

/** The values of `--filter name=value` by name; names are not case-sensitive, blanks around them do not count. */
export function parseFilters(list: readonly string[]): Map<string, string[]> {
  const filters = new Map<string, string[]>()
  for (const text of list) {
    if (text === '') continue
    const equals = text.indexOf('=')
    const name = text.slice(0, equals).trim().toLowerCase()
    const value = text.slice(equals + 1).trim()
    filters.set(name, [...(filters.get(name) ?? []), value])
  }
  return filters
}
