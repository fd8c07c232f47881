const BLANK = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/
const BLANKS = new RegExp(`${BLANK.source}+`)
const BLANK_BEGIN = new RegExp(`^${BLANK.source}+`)

/** Whether a character is blank as Go's `unicode.IsSpace` has it, which Dockerfiles are read by. */
export const isBlank = (character: string): boolean => BLANK.test(character)

/** The parts between blanks; the first and the last may be empty. */
export const splitBlank = (text: string): string[] => text.split(BLANKS)

export const trimBlankBegin = (text: string): string => text.replace(BLANK_BEGIN, '')

/** Without blanks at both ends. From the end by hand: a pattern would look at each run of blanks inside. */
export function trimBlank(text: string): string {
  let end = text.length
  while (end > 0 && isBlank(text.charAt(end - 1))) end -= 1
  return trimBlankBegin(text.slice(0, end))
}

const NAMED: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '"': '\\"',
  '\\': '\\\\',
}

/** A text in quotes as Go's `%q` writes it, for messages that have Docker's wording. */
export function quoted(text: string): string {
  const inside = text.replace(/["\\]|[\p{C}\p{Zl}\p{Zp}]/gu, (character) => {
    const named = NAMED[character]
    if (named !== undefined) return named
    const code = character.codePointAt(0) ?? 0
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`
    if (code < 0x10000) return `\\u${code.toString(16).padStart(4, '0')}`
    return `\\U${code.toString(16).padStart(8, '0')}`
  })
  return `"${inside}"`
}
