import type { Flags } from './number-text.ts'
import { formatValue, printValue } from './print.ts'
import { intOf, type Value } from './values.ts'

const SPECIFIER =
  /%([-+# 0]*)(\[[^\]]*\])?(\*|\d+)?(?:(\.)(\[[^\]]*\])?(\*|-?\d+)?)?(\[[^\]]*\])?([\s\S])?/gu

/** Which argument is next, and whether one was named by its number. */
interface Cursor {
  values: readonly Value[]
  next: number
  reordered: boolean
  goodNumber: boolean
}

/** As Go's `Sprintf`, its complaints about wrong formats included. */
export function formatAll(format: string, values: readonly Value[]): string {
  const cursor: Cursor = { values, next: 0, reordered: false, goodNumber: true }
  const text = format.replace(SPECIFIER, (...match: (string | undefined)[]) =>
    formatOne(cursor, match),
  )
  if (cursor.reordered || cursor.next >= values.length) return text
  const extra = values
    .slice(cursor.next)
    .map((value) => (value ? `${value.type.name}=${printValue(value)}` : '<nil>'))
  return `${text}%!(EXTRA ${extra.join(', ')})`
}

function formatOne(cursor: Cursor, match: (string | undefined)[]): string {
  const [, marks = '', first, width, point, second, precision, third, verb] = match
  cursor.goodNumber = true
  const complaints: string[] = []
  const flags = readFlags(marks)
  choose(cursor, first)
  if (width === '*') {
    const value = takeInteger(cursor)
    if (value === undefined) complaints.push('%!(BADWIDTH)')
    else if (value < 0) Object.assign(flags, { width: -value, minus: true, zero: false })
    else flags.width = value
  } else if (width) {
    // Go reads no width beyond a million: what is asked for is memory.
    if (Number(width) > MAX_WIDTH) complaints.push('%!(BADWIDTH)')
    else flags.width = Number(width)
  }
  if (point) {
    choose(cursor, second)
    const value = precision === '*' ? takeInteger(cursor) : Number(precision ?? 0)
    if (value === undefined) complaints.push('%!(BADPREC)')
    else if (value >= 0) flags.precision = value
  }
  choose(cursor, third)
  return complaints.join('') + formatVerb(cursor, verb, flags)
}

function formatVerb(cursor: Cursor, verb: string | undefined, flags: Flags): string {
  if (verb === undefined) return '%!(NOVERB)'
  if (verb === '%') return '%'
  if (!cursor.goodNumber) return `%!${verb}(BADINDEX)`
  if (cursor.next >= cursor.values.length) return `%!${verb}(MISSING)`
  const value = cursor.values[cursor.next++]
  if (verb === 'w') return `%!w(${value ? `${value.type.name}=${printValue(value)}` : '<nil>'})`
  return formatValue(value, verb, flags)
}

function readFlags(marks: string): Flags {
  const minus = marks.includes('-')
  return {
    minus,
    plus: marks.includes('+'),
    sharp: marks.includes('#'),
    space: marks.includes(' '),
    zero: marks.includes('0') && !minus,
    width: undefined,
    precision: undefined,
  }
}

/** `[2]`: the argument by its number, from 1. */
function choose(cursor: Cursor, bracket: string | undefined): void {
  if (bracket === undefined) return
  cursor.reordered = true
  const number = /^\[(\d+)\]$/.exec(bracket)?.[1]
  const index = Number(number) - 1
  if (number === undefined || index < 0 || index >= cursor.values.length) cursor.goodNumber = false
  else cursor.next = index
}

const MAX_WIDTH = 1_000_000

function takeInteger(cursor: Cursor): number | undefined {
  const value = cursor.values[cursor.next]
  if (cursor.next < cursor.values.length) cursor.next++
  if (value?.type.kind !== 'int') return undefined
  const number = Number(intOf(value))
  return Math.abs(number) > MAX_WIDTH ? undefined : number
}
