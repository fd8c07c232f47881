const UNITS = 'kmgtp'

/** A size like `512`, `1.5g` or `64 MiB` in bytes, units by 1024, with Docker's complaint. */
export function parseSize(text: string, complain: (reason: string) => Error): number {
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp])?i?b?$/i.exec(text)
  if (!match) throw complain(`invalid size: '${text}'`)
  const [, number, unit = ''] = match
  const power = unit === '' ? 0 : UNITS.indexOf(unit.toLowerCase()) + 1
  return Math.floor(Number(number) * 1024 ** power)
}
