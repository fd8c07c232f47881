import { FunctionError } from './errors.ts'
import type { FunctionTable } from './function-table.ts'
import { encodeJson } from './json.ts'
import { intOf, STRINGS, string, textOf, type Value } from './values.ts'

const text = (value: Value): string => (value ? textOf(value) : '')
const number = (value: Value): number => (value ? Number(intOf(value)) : 0)

/** What Docker's client adds to the functions of Go's templates. */
export const dockerFunctions: FunctionTable = {
  json: { parameters: ['any'], call: (value) => string(encodeJson(value)) },
  split: {
    parameters: ['string', 'string'],
    call: (whole, separator) => ({ type: STRINGS, data: split(text(whole), text(separator)) }),
  },
  join: {
    parameters: ['strings', 'string'],
    call: (list, separator) =>
      string(Array.isArray(list?.data) ? list.data.join(text(separator)) : ''),
  },
  title: { parameters: ['string'], call: (value) => string(title(text(value))) },
  lower: { parameters: ['string'], call: (value) => string(text(value).toLowerCase()) },
  upper: { parameters: ['string'], call: (value) => string(text(value).toUpperCase()) },
  pad: {
    parameters: ['string', 'int', 'int'],
    call: (value, before, behind) =>
      string(text(value) && blanks(before) + text(value) + blanks(behind)),
  },
  truncate: {
    parameters: ['string', 'int'],
    call: (value, length) => string(truncate(text(value), number(length))),
  },
}

/** The heads of a table's columns are not changed by what changes the cells. */
export const headerFunctions: FunctionTable = {
  ...dockerFunctions,
  json: { parameters: ['string'], call: (value) => value },
  title: { parameters: ['string'], call: (value) => value },
  lower: { parameters: ['string'], call: (value) => value },
  upper: { parameters: ['string'], call: (value) => value },
  truncate: { parameters: ['string', 'int'], call: (value) => value },
}

/** Between all characters when the separator is empty. */
const split = (whole: string, separator: string): string[] =>
  separator === '' ? [...whole] : whole.split(separator)

/** Letters behind anything in ASCII but letters, digits and underscores, or behind another blank. */
const title = (whole: string): string =>
  whole.replace(/(?<=^|[^\w\u0080-\u{10ffff}]|\s)\p{L}/gu, (letter) => letter.toUpperCase())

const MAX_BLANKS = 1_000_000

function blanks(count: Value): string {
  const wanted = number(count)
  if (wanted < 0) throw new FunctionError('strings: negative Repeat count')
  if (wanted > MAX_BLANKS) throw new FunctionError('strings: Repeat output length overflow')
  return ' '.repeat(wanted)
}

/** The first bytes. */
function truncate(whole: string, length: number): string {
  const bytes = Buffer.from(whole)
  if (bytes.length < length) return whole
  if (length < 0) {
    throw new FunctionError(`runtime error: slice bounds out of range [:${length}]`)
  }
  return bytes.subarray(0, length).toString()
}
