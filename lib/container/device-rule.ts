/** What is wrong with a rule like `c 1:3 rwm`. */
export function checkDeviceRule(text: string): string | undefined {
  const known = /^[acb] ([0-9]+|\*):([0-9]+|\*) [rwm]{1,3}$/.test(text)
  return known ? undefined : `invalid device cgroup format '${text}'`
}
