/** `2026-11-25 19:34:55 +0000 UTC`: a time as Go prints it, in this time zone. */
export function formatDate(text: string): string {
  const date = new Date(text)
  const { local, hours, minutes } = inZone(date)
  const offset = hours + minutes
  return `${local.slice(0, 10)} ${local.slice(11, 19)} ${offset} ${zoneName(date, offset)}`
}

/** The same of UTC, with the part of a second. */
export function formatNanoDate(date: Date): string {
  const text = date.toISOString()
  const fraction = text.slice(20, 23).replace(/0+$/, '')
  return `${text.slice(0, 10)} ${text.slice(11, 19)}${fraction && `.${fraction}`} +0000 UTC`
}

/** `2026-11-25T20:34:55+01:00`: seconds since 1970 by RFC 3339, in this time zone. */
export function formatDateRfc3339(seconds: number): string {
  const { local, hours, minutes } = inZone(new Date(seconds * 1000))
  const offset = `${hours}:${minutes}`
  return `${local.slice(0, 19)}${offset === '+00:00' ? 'Z' : offset}`
}

/** The local time in the shape of `toISOString`, and how far the zone is from UTC: `+01` and `30`. */
function inZone(date: Date): { local: string; hours: string; minutes: string } {
  // Zones had seconds once; what is printed of them ends with the minutes.
  const east = Math.trunc(-date.getTimezoneOffset())
  const local = new Date(date.getTime() + east * 60_000).toISOString()
  const two = (count: number): string => String(count).padStart(2, '0')
  const minutes = Math.abs(east)
  return {
    local,
    hours: `${east < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}`,
    minutes: two(minutes % 60),
  }
}

/** `CET`; the offset again where the zone has no such name. */
function zoneName(date: Date, offset: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' }).formatToParts(date)
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'UTC'
  if (!/^(GMT|UTC)[+-]/.test(name)) return name
  return offset === '+0000' ? 'UTC' : offset.replace(/00$/, '')
}
