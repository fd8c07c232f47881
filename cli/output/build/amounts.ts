const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** `2.02MB`, `350B`: bytes as BuildKit shows them. */
function formatAmount(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(2)}${UNITS[unit]}`
}

/** How much of something is there, `1.05MB / 2.02MB`; `''` where nothing is known. */
export function formatProgress(current: number, total: number): string {
  if (total !== 0) return `${formatAmount(current)} / ${formatAmount(total)}`
  return current === 0 ? '' : formatAmount(current)
}

/** Seconds since a step began, before what it prints: with as many digits as four places have room for. */
export function formatStamp(milliseconds: number): string {
  const seconds = milliseconds / 1000
  return seconds.toFixed(seconds < 10 ? 3 : seconds < 100 ? 2 : 1)
}

/** `1.2s` */
export const formatSeconds = (milliseconds: number): string =>
  `${(milliseconds / 1000).toFixed(1)}s`
