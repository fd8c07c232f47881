import { splitCsv } from '../../core/csv.ts'
import { LighterError } from '../../core/errors.ts'

/** A flag of a build that is a list of `key=value`; keys in small letters, in the order in which they stand. */
export type Field = readonly [key: string, value: string, text: string]

/** What the parsers of these flags throw: `usage`, as buildx says it before a build begins. */
export const badSpec = (message: string): LighterError => new LighterError('usage', message)

/** Reads `a=b,"c=d,e"`. Throws `usage`; `complain` makes the sentence for a field without a value. */
export function parseFields(
  text: string,
  complain = (field: string): string => `invalid value ${field}`,
): Field[] {
  return splitCsv(text).map((field): Field => {
    const equals = field.indexOf('=')
    if (equals < 0) throw badSpec(complain(field))
    return [field.slice(0, equals).toLowerCase(), field.slice(equals + 1), field]
  })
}
