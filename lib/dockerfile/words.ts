import { isBlank } from './characters.ts'
import { DockerfileError } from './errors.ts'
import type { Escape } from './lexer.ts'

/** Not all that is blank elsewhere: where BuildKit splits an instruction that knows no quotes. */
const BETWEEN = /[\t\v\f\r ]+/

/** The words of a trimmed text, quotes being no different from other characters. */
export const plainWords = (text: string): string[] => (text === '' ? [] : text.split(BETWEEN))

/** The first word and what follows it, empty if nothing does. */
export function splitFirst(text: string): { first: string; rest: string | undefined } {
  const found = BETWEEN.exec(text)
  if (found === null) return { first: text, rest: undefined }
  return {
    first: text.slice(0, found.index),
    rest: text.slice(found.index + found[0].length),
  }
}

/** The words of a text, each with its quotes and escapes: blanks within quotes or after an escape belong to a word. */
export function quotedWords(text: string, escaper: Escape): string[] {
  const words: string[] = []
  let word = ''
  let quote = ''
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (quote === '' && isBlank(character)) {
      if (word !== '') words.push(word)
      word = ''
    } else if (character === escaper && quote !== "'") {
      // One that has nothing after it says nothing.
      if (at + 1 < text.length) word += character + text.charAt(at + 1)
      at += 1
    } else {
      if (quote === character) quote = ''
      else if (quote === '' && (character === '"' || character === "'")) quote = character
      word += character
    }
  }
  if (word !== '') words.push(word)
  return words
}

/**
 * Takes the flags from the beginning of an instruction's arguments: words that begin with `--`, without their quotes and backslashes,
 * which is what protects blanks in them. A bare `--` ends them.
 */
export function takeFlags(text: string): { flags: string[]; rest: string } {
  const flags: string[] = []
  let at = 0
  for (;;) {
    while (at < text.length && isBlank(text.charAt(at))) at += 1
    if (!text.startsWith('--', at)) return { flags, rest: text.slice(at) }
    const { flag, end } = takeFlag(text, at)
    at = end
    if (flag === '--') return { flags, rest: text.slice(at) }
    flags.push(flag)
  }
}

function takeFlag(text: string, start: number): { flag: string; end: number } {
  let flag = ''
  let quote = ''
  let at = start
  for (; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (quote === '' && isBlank(character)) break
    if (character === '\\') {
      at += 1
      flag += text.charAt(at)
    } else if (character === quote) quote = ''
    else if (quote === '' && (character === '"' || character === "'")) quote = character
    else flag += character
  }
  return { flag, end: Math.min(at, text.length) }
}

/** The texts of an array in JSON; `undefined` if the text is no such array, and then is for the shell. */
export function jsonTexts(text: string): string[] | undefined {
  const array = parseArray(text)
  if (array === undefined) return undefined
  return array.map((item) => {
    if (typeof item === 'string') return item.toWellFormed()
    throw new DockerfileError(
      'when using JSON array syntax, arrays must be comprised of strings only',
    )
  })
}

function parseArray(text: string): unknown[] | undefined {
  if (!text.startsWith('[')) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
