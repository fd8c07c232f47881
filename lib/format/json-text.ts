import { LighterError } from '../core/errors.ts'

/**
 * JSON as text, where its members must stay in their order and its numbers as they were written: what is parsed and written
 * again keeps neither.
 */

const BLANKS = ' \t\r\n'
/** What is nested deeper would become larger with every level until no memory is left. */
const MAX_DEPTH = 1000

/**
 * Go's `json.Indent`: every member on a line of its own; an empty list or object stays in one piece. Throws `bad-input` for what is nested
 * too deeply.
 */
export function indentJson(text: string, indent: string): string {
  let result = ''
  let depth = 0
  const newLine = (): string => `\n${indent.repeat(depth)}`
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (BLANKS.includes(character)) continue
    if (character === '"') {
      const end = endOfString(text, at)
      result += text.slice(at, end)
      at = end - 1
    } else if (character === '{' || character === '[') {
      const next = nextToken(text, at + 1)
      const isEmpty = text.charAt(next) === (character === '{' ? '}' : ']')
      if (!isEmpty) depth += 1
      if (depth > MAX_DEPTH) throw tooDeep()
      result += isEmpty ? text.charAt(at) + text.charAt(next) : character + newLine()
      if (isEmpty) at = next
    } else if (character === '}' || character === ']') {
      depth -= 1
      result += newLine() + character
    } else if (character === ',') result += `,${newLine()}`
    else result += character === ':' ? ': ' : character
  }
  return result
}

/** As Go writes JSON unless it is told otherwise: safe to stand in an HTML page and in JavaScript. */
export const escapeForHtml = (json: string): string =>
  json.replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

const tooDeep = (): LighterError =>
  new LighterError('bad-input', `the JSON is nested more than ${MAX_DEPTH} levels deep`)

/** Behind the quote that ends the string beginning there. */
function endOfString(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text.charAt(at) !== '"') at += text.charAt(at) === '\\' ? 2 : 1
  return at + 1
}

function nextToken(text: string, from: number): number {
  let at = from
  while (at < text.length && BLANKS.includes(text.charAt(at))) at += 1
  return at
}
