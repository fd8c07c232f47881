/** Go's quoted strings and characters, both ways. */

const SHORT: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
}

/** `"a\tb"`; with `ascii` everything beyond is escaped too. */
export const quote = (text: string, mark = '"', ascii = false): string =>
  `${mark}${isPlain(text, mark) ? text : escapeText(text, mark, ascii)}${mark}`

/** Most texts: `ps -a` quotes thousands. */
const isPlain = (text: string, mark: string): boolean =>
  /^[ -[\]-~]*$/.test(text) && !text.includes(mark)

const escapeText = (text: string, mark: string, ascii: boolean): string =>
  [...text].map((character) => escapeCharacter(character, mark, ascii)).join('')

function escapeCharacter(character: string, mark: string, ascii: boolean): string {
  if (character === mark) return `\\${mark}`
  const short = SHORT[character]
  if (short) return short
  const code = character.codePointAt(0) ?? 0
  if (isPrintable(character) && !(ascii && code > 0x7e)) return character
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`
}

const hex = (code: number, width: number): string => code.toString(16).padStart(width, '0')

/**
 * Letters, marks, numbers, punctuation, symbols and the ASCII space. To make the expression takes 1.5 ms: ASCII, and what `ps`
 * cuts a command off with, need none.
 */
export const isPrintable = (character: string): boolean =>
  character <= '~' || character === '…'
    ? character >= ' '
    : /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(character)

/** The text that a Go literal stands for, `undefined` for what is none. */
export function unquote(literal: string): string | undefined {
  const mark = literal[0] ?? ''
  const inner = literal.slice(1, -1)
  if (literal.length < 2 || literal.at(-1) !== mark) return undefined
  if (mark === '`') return inner.includes('`') ? undefined : inner.replaceAll('\r', '')
  if (mark !== '"' && mark !== "'") return undefined
  const bytes = unescapeText(inner, mark)
  if (bytes === undefined) return undefined
  return mark === "'" && [...bytes].length !== 1 ? undefined : bytes
}

const ESCAPE =
  /\\(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))/y

/** Bytes given by number are put together: `\xc3\xa9` is one letter. */
function unescapeText(text: string, mark: string): string | undefined {
  const parts: Buffer[] = []
  for (let at = 0; at < text.length; ) {
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0)
    if (character === mark || character === '\n') return undefined
    if (character !== '\\') {
      parts.push(Buffer.from(character))
      at += character.length
      continue
    }
    ESCAPE.lastIndex = at
    const match = ESCAPE.exec(text)
    const bytes = match && escapedBytes(match, mark)
    if (!match || !bytes) return undefined
    parts.push(bytes)
    at += match[0].length
  }
  return text === '' ? '' : Buffer.concat(parts).toString()
}

const LETTERS: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
}

function escapedBytes(match: RegExpExecArray, mark: string): Buffer | undefined {
  const [, letter, byte, short, long, octal] = match
  if (letter === "'" || letter === '"') return letter === mark ? Buffer.from(letter) : undefined
  if (letter) return Buffer.from(LETTERS[letter] ?? '')
  if (octal) {
    const code = Number.parseInt(octal, 8)
    return code > 255 ? undefined : oneCharacter(code, mark)
  }
  if (byte) return oneCharacter(Number.parseInt(byte, 16), mark)
  const code = Number.parseInt(short ?? long ?? '', 16)
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return undefined
  return Buffer.from(String.fromCodePoint(code))
}

/** In a character constant a number is the character, in a string it is a byte. */
const oneCharacter = (code: number, mark: string): Buffer =>
  mark === "'" ? Buffer.from(String.fromCodePoint(code)) : Buffer.from([code])
