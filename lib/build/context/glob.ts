import { DockerfileError } from '../../dockerfile/errors.ts'
import { shownName } from '../../fs/byte-names.ts'

/** A step of a pattern, for one character or a run of them. */
type Token =
  | { kind: 'text'; char: string }
  | { kind: 'one' }
  | { kind: 'class'; negated: boolean; ranges: readonly (readonly [low: string, high: string])[] }
  /** `*`: as many as there are, but no `/`. */
  | { kind: 'run' }
  /** `**` at the end: anything. */
  | { kind: 'rest' }
  /** `**` before something: nothing, or anything up to a `/`. */
  | { kind: 'directories' }

/** How a pattern is read: as Go's `path.Match` does, or with the `**` of ignore files. */
export type Dialect = 'path' | 'ignore'

/** Whether a text has what makes it a pattern; what a backslash stands before is nothing of that kind. */
export function hasWildcards(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '\\') at++
    else if (char === '*' || char === '?' || char === '[') return true
  }
  return false
}

/**
 * Makes a test of whole texts of a pattern. It takes time in proportion to pattern and text, whatever they are. Throws `DockerfileError`
 * where Go says that the pattern is none.
 */
export function compileGlob(pattern: string, dialect: Dialect): (text: string) => boolean {
  const tokens = tokenize(pattern, dialect)
  const runs = tokens.filter(({ kind }) => SOURCES[kind] !== undefined).length
  if (runs > MOST_RUNS) return (text) => matches(tokens, shownName(text))
  const expression = new RegExp(`^${tokens.map(sourceOf).join('')}$`, 'su')
  return (text) => expression.test(shownName(text))
}

/** A regular expression is ten times faster; with more runs than this it may try too many ways. */
const MOST_RUNS = 2
const SOURCES: Readonly<Record<string, string>> = {
  run: '[^/]*',
  rest: '.*',
  directories: '(?:.*/)?',
}

function sourceOf(token: Token): string {
  if (token.kind === 'text') return literal(token.char)
  if (token.kind === 'one') return '[^/]'
  if (token.kind !== 'class') return SOURCES[token.kind] ?? ''
  const ranges = token.ranges.filter(([low, high]) => low <= high)
  if (ranges.length === 0) return token.negated ? '.' : '[]'
  const inside = ranges.map(([low, high]) => `${literal(low)}-${literal(high)}`).join('')
  return `[${token.negated ? '^' : ''}${inside}]`
}

const literal = (char: string): string => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`

const badPattern = (): DockerfileError => new DockerfileError('syntax error in pattern')

function tokenize(pattern: string, dialect: Dialect): Token[] {
  const chars = Array.from(pattern)
  const tokens: Token[] = []
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] ?? ''
    if (char === '*') {
      if (dialect === 'ignore' && chars[at + 1] === '*') {
        at++
        if (chars[at + 1] === '/') at++
        tokens.push({ kind: at + 1 < chars.length ? 'directories' : 'rest' })
      } else tokens.push({ kind: 'run' })
    } else if (char === '?') tokens.push({ kind: 'one' })
    else if (char === '[') {
      const { token, end } = readClass(chars, at)
      tokens.push(token)
      at = end
    } else if (char === '\\') {
      at++
      const escaped = chars[at]
      if (escaped === undefined) throw badPattern()
      tokens.push({ kind: 'text', char: escaped })
    } else tokens.push({ kind: 'text', char })
  }
  return tokens
}

/** `[a-z]` or `[^a-z]`; `end` is where its bracket is. */
function readClass(chars: readonly string[], start: number): { token: Token; end: number } {
  let at = start + 1
  const negated = chars[at] === '^'
  if (negated) at++
  const ranges: [string, string][] = []
  const read = (): string => {
    let char = chars[at]
    if (char === undefined || char === '-' || char === ']') throw badPattern()
    if (char === '\\') char = chars[++at]
    if (char === undefined) throw badPattern()
    at++
    return char
  }
  while (chars[at] !== ']' || ranges.length === 0) {
    const low = read()
    if (chars[at] !== '-') ranges.push([low, low])
    else {
      at++
      ranges.push([low, read()])
    }
    if (at >= chars.length) throw badPattern()
  }
  return { token: { kind: 'class', negated, ranges }, end: at }
}

/** Within a run of directories: only a `/` leads on. */
const INSIDE = 1
const ENTERED = 2

/** Follows all ways through the pattern at once: a state for each token that may be next. */
function matches(tokens: readonly Token[], text: string): boolean {
  let now = new Uint8Array(tokens.length + 1)
  let next = new Uint8Array(tokens.length + 1)
  enter(tokens, now, 0)
  for (const char of text) {
    next.fill(0)
    for (const [at, token] of tokens.entries())
      if (now[at] !== 0) step(tokens, next, at, token, char)
    if (next.every((state) => state === 0)) return false
    ;[now, next] = [next, now]
  }
  return now[tokens.length] === ENTERED
}

/** The token can be next; so can the one behind it, where it may stand for nothing. */
function enter(tokens: readonly Token[], states: Uint8Array, from: number): void {
  for (let at = from; at < states.length && states[at] !== ENTERED; at++) {
    states[at] = ENTERED
    const kind = tokens[at]?.kind
    if (kind !== 'run' && kind !== 'rest' && kind !== 'directories') return
  }
}

function step(
  tokens: readonly Token[],
  next: Uint8Array,
  at: number,
  token: Token,
  char: string,
): void {
  switch (token.kind) {
    case 'run':
      if (char !== '/') enter(tokens, next, at)
      return
    case 'rest':
      enter(tokens, next, at)
      return
    case 'directories':
      if (char === '/') enter(tokens, next, at)
      else if (next[at] === 0) next[at] = INSIDE
      return
    default:
      if (fits(token, char)) enter(tokens, next, at + 1)
  }
}

function fits(
  token: Exclude<Token, { kind: 'run' | 'rest' | 'directories' }>,
  char: string,
): boolean {
  switch (token.kind) {
    case 'text':
      return token.char === char
    case 'one':
      return char !== '/'
    case 'class':
      return token.ranges.some(([low, high]) => low <= char && char <= high) !== token.negated
  }
}
