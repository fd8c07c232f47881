import { isInteger } from '../../lib/core/characters.ts'
import { LighterError } from '../../lib/core/errors.ts'

/** A parser as the `check` of a flag: what it throws is what is wrong with the value. */
export const checked =
  (parse: (text: string) => unknown) =>
  (text: string): string | undefined => {
    try {
      parse(text)
      return undefined
    } catch (error) {
      if (error instanceof LighterError) return error.message
      throw error
    }
  }

/** What parsers of flag values throw. */
export const badValue = (reason: string): LighterError => new LighterError('usage', reason)

/** Whole decimal number as Go reads it. Throws `usage` with Go's sentence. */
export function parseDecimal(text: string, name = 'ParseInt'): number {
  const value = Number(text)
  if (!isInteger(text)) {
    throw badValue(`strconv.${name}: parsing ${JSON.stringify(text)}: invalid syntax`)
  }
  if (!Number.isSafeInteger(value)) {
    throw badValue(`strconv.${name}: parsing ${JSON.stringify(text)}: value out of range`)
  }
  return value
}
