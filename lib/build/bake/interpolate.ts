import { LighterError } from '../../core/errors.ts'
import type { Environment } from './variables.ts'

const NAME = /^[_a-zA-Z][_a-zA-Z0-9]*/

/** Replaces variables in a text of a compose file: `$A`, `${A:-b}`, `${A:?why}`, `${A:+c}`; `$$` is `$`. Throws `usage`. */
export function interpolate(text: string, environment: Environment): string {
  let result = ''
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== '$') {
      result += text[at]
      continue
    }
    const rest = text.slice(at + 1)
    if (rest.startsWith('$')) {
      result += '$'
      at++
    } else if (rest.startsWith('{')) {
      const end = closingBrace(rest)
      if (end < 0) throw invalid(text)
      result += substitute(rest.slice(1, end), text, environment)
      at += end + 1
    } else {
      const name = NAME.exec(rest)?.[0]
      if (name === undefined) throw invalid(text)
      result += environment[name] ?? ''
      at += name.length
    }
  }
  return result
}

/** Of the brace that the text begins with. */
function closingBrace(text: string): number {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '{' && (at === 0 || text[at - 1] === '$')) depth++
    else if (text[at] === '}' && --depth === 0) return at
  }
  return -1
}

function substitute(inner: string, whole: string, environment: Environment): string {
  const name = NAME.exec(inner)?.[0]
  if (name === undefined) throw invalid(whole)
  const [, operator = '', word = ''] = /^(:?[-?+])?([\s\S]*)$/.exec(inner.slice(name.length)) ?? []
  if (operator === '' && word !== '') throw invalid(whole)
  const value = environment[name]
  const isSet = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined
  if (operator.endsWith('+')) return isSet ? interpolate(word, environment) : ''
  if (isSet || operator === '') return value ?? ''
  if (operator.endsWith('-')) return interpolate(word, environment)
  const why = interpolate(word, environment)
  throw new LighterError(
    'usage',
    `required variable ${name} is missing a value${why && `: ${why}`}`,
  )
}

const invalid = (text: string): LighterError =>
  new LighterError(
    'usage',
    `invalid interpolation format: ${JSON.stringify(text)}. You may need to escape any $ with another $`,
  )

/** Reads a `.env`: lines of `NAME=VALUE`, quotes and comments as shells have them. */
export function parseEnvironmentFile(text: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const line of text.split('\n')) {
    const match =
      /^\s*(?:export\s+)?([_a-zA-Z][_a-zA-Z0-9.]*)\s*[=:]\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|(.*?))\s*(?:\s#.*)?$/.exec(
        line.replace(/\r$/, ''),
      )
    if (!match) continue
    const [, name = '', double, single, plain = ''] = match
    found[name] = double?.replace(/\\n/g, '\n').replace(/\\(.)/g, '$1') ?? single ?? plain
  }
  return found
}
