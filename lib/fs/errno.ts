import { ERRNO_TEXTS, isErrno } from '../core/errors.ts'

/** The text of a system error as Docker's messages have it. What is none, or is a rarer one, is thrown again. */
export function errnoText(error: unknown): string {
  const name = Object.keys(ERRNO_TEXTS).find((candidate) => isErrno(error, candidate))
  if (name === undefined) throw error
  return ERRNO_TEXTS[name] ?? ''
}
