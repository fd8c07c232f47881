import { LighterError } from '../core/errors.ts'
import { parseJson } from '../fs/read.ts'

/** A list in brackets, `["a", "b"]`; `undefined` for anything else. Throws `bad-input` when it holds more than texts. */
export function jsonWords(text: string): string[] | undefined {
  const value = text.startsWith('[') ? parseJson(text) : undefined
  if (!Array.isArray(value)) return undefined
  if (!value.every((word) => typeof word === 'string')) {
    throw new LighterError(
      'bad-input',
      'when using JSON array syntax, arrays must be comprised of strings only',
    )
  }
  return value
}

/** Words at white space; quotes and backslashes stay in them. */
export const words = (text: string): string[] =>
  text.match(/(?:\\.|"(?:\\.|[^"\\])*"|'[^']*'|[^\s\\"'])+/g) ?? []

/** `NAME=VALUE …`, or the old `NAME VALUE`; `undefined` for a name alone. */
export function pairs(text: string): [string, string][] | undefined {
  const list = words(text)
  if (!list[0]?.includes('=')) {
    const [, name = '', value = ''] = /^(\S+)\s+([\s\S]+)$/.exec(text) ?? []
    return name === '' ? undefined : [[name, value]]
  }
  return list.map((word) => {
    const at = word.indexOf('=')
    if (at >= 0) return [word.slice(0, at), word.slice(at + 1)]
    throw new LighterError(
      'bad-input',
      `Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`,
    )
  })
}

const PIECE =
  /'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)|\$(\w+)|\$\{(\w+)(?::([-+])([^}]*))?\}|([^'"\\$]+|[\s\S])/g

/** Takes quotes and backslashes off and puts variables of the image's environment in. */
export function expand(text: string, env: readonly string[]): string {
  return [...text.matchAll(PIECE)].map((piece) => expandPiece(piece, env)).join('')
}

function expandPiece(piece: RegExpMatchArray, env: readonly string[]): string {
  const [, single, double, escaped, bare, braced, operator, word = '', plain] = piece
  if (single !== undefined) return single
  if (double !== undefined) return expandQuoted(double, env)
  if (escaped !== undefined) return escaped
  if (plain !== undefined) return plain
  const value = variableOf(bare ?? braced ?? '', env)
  if (operator === '-') return value || expand(word, env)
  if (operator === '+') return value ? expand(word, env) : ''
  return value
}

/** Between double quotes a backslash is one, unless it stands before `"`, `$` or another. */
const expandQuoted = (text: string, env: readonly string[]): string =>
  text.replace(/\\(["$\\])|\$(\w+)|\$\{(\w+)\}/g, (_, escaped, bare, braced) =>
    escaped === undefined ? variableOf(bare ?? braced, env) : escaped,
  )

const variableOf = (name: string, env: readonly string[]): string =>
  env.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1) ?? ''
