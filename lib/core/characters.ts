// What each start asks of texts. A regular expression for it costs 40 µs, which go into compiling it.

/** Whether the text is decimal digits only, one at least. */
export const isDecimal = (text: string): boolean => text !== '' && isEvery(text, isDigit)

/** Whether the text is a whole number as Go reads it: digits, a sign before them or not. */
export const isInteger = (text: string): boolean =>
  isDecimal(text.startsWith('+') || text.startsWith('-') ? text.slice(1) : text)

/** Whether the text is lower-case hex digits only, so many of them. */
export const isLowerHex = (text: string, length: number): boolean =>
  text.length === length && isEvery(text, isLowerHexDigit)

/** Whether the text is lower-case letters and decimal digits only, one at least. */
export const isLowerAlphanumeric = (text: string): boolean =>
  text !== '' && isEvery(text, (code) => isDigit(code) || (code >= 0x61 && code <= 0x7a))

function isEvery(text: string, test: (code: number) => boolean): boolean {
  for (let at = 0; at < text.length; at++) if (!test(text.charCodeAt(at))) return false
  return true
}

/** `0` to `9` */
const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39

/** `0` to `9`, `a` to `f` */
const isLowerHexDigit = (code: number): boolean => isDigit(code) || (code >= 0x61 && code <= 0x66)
