import { badSpec } from '../../../lib/build/spec/fields.ts'
import { splitCsv } from '../../../lib/core/csv.ts'
import { parseTruth } from '../../../lib/core/truth.ts'
import type { Parsed } from '../../parse.ts'

/** What is asked about a Dockerfile in place of a build. */
export interface Call {
  method: 'check' | 'outline' | 'targets'
  isJson: boolean
  /** Rules that are broken do not make it fail. */
  ignoreStatus: boolean
}

/** `--call` and `--check`; `undefined` for a build. Throws `usage`. */
export const readCall = (parsed: Parsed): Call | undefined =>
  parseCall(parsed.bool('check') ? 'check' : (parsed.string('call') ?? ''))

/** Parses what a `--call` or a target says; `undefined` for a build. Throws `usage`. */
export function parseCall(text: string): Call | undefined {
  if (text === '') return undefined
  let method = ''
  let format = ''
  let ignoreStatus = false
  for (const field of splitCsv(text)) {
    const [key = '', value] = field.split(/=(.*)/s)
    if (value === undefined) {
      if (method !== '') throw badSpec(`invalid call value: ${text}`)
      method = field
    } else if (key === 'format') format = value
    else if (key === 'ignorestatus') ignoreStatus = parseIgnore(value)
    else throw badSpec(`invalid call field: ${field}`)
  }
  if (method === 'build') return undefined
  if (method === 'lint') method = 'check'
  if (method !== 'check' && method !== 'outline' && method !== 'targets') {
    throw badSpec(`unknown call method ${JSON.stringify(method)}`)
  }
  if (format !== '' && format !== 'json' && format !== 'text') {
    throw badSpec(`unknown format of a call ${JSON.stringify(format)}`)
  }
  return { method, isJson: format === 'json', ignoreStatus }
}

function parseIgnore(text: string): boolean {
  const truth = parseTruth(text)
  if (truth !== undefined) return truth
  throw badSpec(
    `invalid ignorestatus call value: ${text}: strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`,
  )
}
