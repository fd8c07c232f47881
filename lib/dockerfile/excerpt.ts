import type { Location } from './ast.ts'

const RULE = '-'.repeat(20)

/**
 * The lines of a Dockerfile that an error is about, marked and with some around, as buildx prints them; empty if the file does not have
 * them. Ends without a line feed.
 */
export function excerpt(lines: readonly string[], name: string, location: Location): string {
  const { start } = location
  if (start < 1 || start > lines.length) return ''
  const end = Math.min(Math.max(start, location.end), lines.length)
  const [from, to] = around(start, end, lines.length)
  const shown = lines.slice(from - 1, to).map((line, index) => {
    const number = from + index
    const mark = number >= start && number <= end ? '>>>' : '   '
    return ` ${String(number).padStart(3)} | ${mark} ${harmless(line)}`
  })
  return [`${name}:${start}`, RULE, ...shown, RULE].join('\n')
}

/** One line has more lines around it than several do, on both sides where there are some. */
function around(start: number, end: number, count: number): [number, number] {
  const wanted = start === end ? 4 : 2
  let [from, to] = [start, end]
  for (let added = 0; added < wanted; added += 1) {
    if (from > 1) {
      from -= 1
      added += 1
    }
    if (to < count) {
      to += 1
      added += 1
    }
  }
  return [from, to]
}

/** A line without what would steer a terminal; tabs stay. */
const harmless = (line: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is to go
  line.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g, '')
