/** The values of a flag of type `map`: `key=value`, a key alone has an empty value, the last of a key counts. */
export function readMap(list: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    list.map((text) => {
      const equals = text.indexOf('=')
      return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)]
    }),
  )
}
