/** `2026-11-25 19:34:55 +0000 UTC`: a time as Go prints it, in this time zone. */
export function formatDate(text: string): string {
  const date = new Date(text)
  const east = -date.getTimezoneOffset()
  const local = new Date(date.getTime() + east * 60_000).toISOString()
  const minutes = Math.abs(east)
  const two = (count: number) => String(count).padStart(2, '0')
  const offset = `${east < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${two(minutes % 60)}`
  return `${local.slice(0, 10)} ${local.slice(11, 19)} ${offset} ${zoneName(date, offset)}`
}

/** `CET`; the offset again where the zone has no such name. */
function zoneName(date: Date, offset: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' }).formatToParts(date)
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'UTC'
  if (!/^(GMT|UTC)[+-]/.test(name)) return name
  return offset === '+0000' ? 'UTC' : offset.replace(/00$/, '')
}
