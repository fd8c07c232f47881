/** The same members in the order of their names, as Go writes maps. */
export const sortMembers = <T>(members: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(members).sort(([one], [other]) => (one < other ? -1 : 1)))

/** Whether all wanted labels are there: `key`, or `key=value`. */
export function matchesLabels(
  wanted: readonly string[],
  labels: Readonly<Record<string, string>>,
): boolean {
  return wanted.every((text) => {
    const equals = text.indexOf('=')
    const key = equals < 0 ? text : text.slice(0, equals)
    if (!Object.hasOwn(labels, key)) return false
    return equals < 0 || labels[key] === text.slice(equals + 1)
  })
}
