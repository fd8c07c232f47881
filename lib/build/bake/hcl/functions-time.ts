import { parseDuration } from '../../../core/duration.ts'
import { CallError } from './call.ts'
import { define, type FunctionTable } from './define.ts'
import type { Value } from './value.ts'

const STAMP = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/

/** A time with the offset from UTC that it was written with, in minutes. */
interface Moment {
  time: number
  offset: number
}

function parseStamp(text: string): Moment {
  const match = STAMP.exec(text)
  const time = Date.parse(text)
  if (!match || Number.isNaN(time)) {
    throw new CallError(`not a valid RFC3339 timestamp: ${JSON.stringify(text)}`)
  }
  const [, sign = '+', hours = '0', minutes = '0'] =
    /^([+-])(\d\d):(\d\d)$/.exec(match[8] ?? '') ?? []
  return { time, offset: (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) }
}

/** The parts of a moment where it was written. */
const local = ({ time, offset }: Moment): Date => new Date(time + offset * 60_000)

function zone(offset: number, colon: string, utc: string): string {
  if (offset === 0 && utc !== '') return utc
  const [sign, minutes] = [offset < 0 ? '-' : '+', Math.abs(offset)]
  const two = (value: number) => String(value).padStart(2, '0')
  return `${sign}${two(Math.floor(minutes / 60))}${colon}${two(minutes % 60)}`
}

/** RFC 3339, without a fraction that is none. */
function formatStamp(moment: Moment): string {
  const text = local(moment)
    .toISOString()
    .replace(/\.000Z$|Z$/, '')
  return text + zone(moment.offset, ':', 'Z')
}

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

const hour12 = (date: Date): number => date.getUTCHours() % 12 || 12
const half = (date: Date): string => (date.getUTCHours() < 12 ? 'AM' : 'PM')

const VERBS: Readonly<Record<string, (date: Date, offset: number) => string | number>> = {
  YY: (date) => String(date.getUTCFullYear() % 100).padStart(2, '0'),
  YYYY: (date) => String(date.getUTCFullYear()).padStart(4, '0'),
  M: (date) => date.getUTCMonth() + 1,
  MM: (date) => String(date.getUTCMonth() + 1).padStart(2, '0'),
  MMM: (date) => (MONTHS[date.getUTCMonth()] ?? '').slice(0, 3),
  MMMM: (date) => MONTHS[date.getUTCMonth()] ?? '',
  D: (date) => date.getUTCDate(),
  DD: (date) => String(date.getUTCDate()).padStart(2, '0'),
  EEE: (date) => (DAYS[date.getUTCDay()] ?? '').slice(0, 3),
  EEEE: (date) => DAYS[date.getUTCDay()] ?? '',
  h: (date) => date.getUTCHours(),
  hh: (date) => String(date.getUTCHours()).padStart(2, '0'),
  H: hour12,
  HH: (date) => String(hour12(date)).padStart(2, '0'),
  AA: half,
  aa: (date) => half(date).toLowerCase(),
  m: (date) => date.getUTCMinutes(),
  mm: (date) => String(date.getUTCMinutes()).padStart(2, '0'),
  s: (date) => date.getUTCSeconds(),
  ss: (date) => String(date.getUTCSeconds()).padStart(2, '0'),
  Z: (_, offset) => zone(offset, ':', 'Z'),
  ZZZ: (_, offset) => zone(offset, '', 'UTC'),
  ZZZZ: (_, offset) => zone(offset, '', ''),
  ZZZZZ: (_, offset) => zone(offset, ':', ''),
}

function formatDate(format: string, stamp: string): string {
  const moment = parseStamp(stamp)
  return format.replace(/'((?:[^']|'')*)'|([a-zA-Z])\2*/g, (word, quoted: string | undefined) => {
    if (quoted !== undefined) return quoted.replaceAll("''", "'")
    const verb = Object.hasOwn(VERBS, word) ? VERBS[word] : undefined
    if (verb) return String(verb(local(moment), moment.offset))
    throw new CallError(
      `invalid date format verb ${JSON.stringify(word)}: letters must be quoted to be taken as they are`,
    )
  })
}

function addTime(stamp: string, duration: string): string {
  const moment = parseStamp(stamp)
  const nanoseconds = parseDuration(duration, (reason) => new CallError(reason))
  return formatStamp({ ...moment, time: moment.time + nanoseconds / 1e6 })
}

function unixParts(seconds: number): Value {
  const date = new Date(seconds * 1000)
  const startOfYear = Date.UTC(date.getUTCFullYear(), 0, 1)
  return new Map<string, Value>([
    ['year', date.getUTCFullYear()],
    ['year_day', Math.floor((date.getTime() - startOfYear) / 86_400_000) + 1],
    ['day', date.getUTCDate()],
    ['month', date.getUTCMonth() + 1],
    ['month_name', MONTHS[date.getUTCMonth()] ?? ''],
    ['weekday', date.getUTCDay()],
    ['weekday_name', DAYS[date.getUTCDay()] ?? ''],
    ['hour', date.getUTCHours()],
    ['minute', date.getUTCMinutes()],
    ['second', date.getUTCSeconds()],
    ['rfc3339', formatStamp({ time: date.getTime(), offset: 0 })],
    ['iso_year', isoWeek(date).year],
    ['iso_week', isoWeek(date).week],
  ])
}

/** ISO 8601: a week belongs to the year of its Thursday. */
function isoWeek(date: Date): { year: number; week: number } {
  const day = date.getUTCDay() || 7
  const thursday = new Date(
    Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + 4 - day),
  )
  const year = thursday.getUTCFullYear()
  const week = Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * 86_400_000)) + 1
  return { year, week }
}

/** Functions on times. */
export const timeFunctions: FunctionTable = {
  formatdate: define('format:string time:string', formatDate),
  timeadd: define('timestamp:string duration:string', addTime),
  timestamp: define('', () =>
    formatStamp({ time: Math.floor(Date.now() / 1000) * 1000, offset: 0 }),
  ),
  unixtimestampparse: define('unix_timestamp:number', unixParts),
}
