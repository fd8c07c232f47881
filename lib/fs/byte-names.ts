/**
 * Names of files are bytes, which need not be UTF-8. As text, each byte that is none stands as the last code point of Unicode, which no
 * text has, with two hexadecimal digits; where a name has that character itself, its bytes do. The native program knows it, too
 * (byte_names.c).
 */
const ESCAPE = '\u{10FFFF}'
const ESCAPED = /\u{10FFFF}([0-9a-f]{2})/gu
/** What stands for bytes that are no UTF-8 where they are shown. */
const REPLACEMENT = '\uFFFD'

/** Whether a name that was read as UTF-8 may have been something else. */
export const isDoubtful = (text: string): boolean =>
  text.includes(REPLACEMENT) || text.includes(ESCAPE)

/** The text of a name, or of a path. */
export function decodeName(bytes: Buffer): string {
  const text = bytes.toString('utf8')
  if (!isDoubtful(text)) return text
  let result = ''
  for (let at = 0; at < bytes.length; ) {
    const char = characterAt(bytes, at)
    result += char ?? `${ESCAPE}${bytes.toString('hex', at, at + 1)}`
    at += char === undefined ? 1 : Buffer.byteLength(char)
  }
  return result
}

/** `undefined`: none of UTF-8 begins there, or the one that no text has. */
function characterAt(bytes: Buffer, at: number): string | undefined {
  for (const length of [1, 2, 3, 4]) {
    const part = bytes.subarray(at, at + length)
    const char = part.toString('utf8')
    if (char !== ESCAPE && Buffer.from(char).equals(part)) return char
  }
  return undefined
}

/** A path as Node's functions take it. */
export function pathBytes(text: string): string | Buffer {
  if (!text.includes(ESCAPE)) return text
  const parts = text.split(ESCAPED)
  // Every other one is what stood for a byte.
  return Buffer.concat(parts.map((part, index) => Buffer.from(part, index % 2 ? 'hex' : 'utf8')))
}

/** For messages, and for patterns, which take a byte that is no UTF-8 for one character. */
export const shownName = (text: string): string =>
  text.includes(ESCAPE) ? text.replace(ESCAPED, REPLACEMENT) : text
