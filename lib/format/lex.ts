import { quote } from './quote.ts'

export type TokenKind =
  | 'text'
  | 'open'
  | 'close'
  | 'space'
  | 'assign'
  | 'declare'
  | 'pipe'
  | 'string'
  | 'variable'
  | 'character'
  | 'field'
  | 'dot'
  | 'number'
  | 'identifier'
  | 'bool'
  | 'nil'
  | 'keyword'
  | 'left-paren'
  | 'right-paren'
  | 'other'
  | 'end'
  | 'error'

export interface Token {
  kind: TokenKind
  text: string
  /** Offset into the template. */
  at: number
  /** Counted from 1. */
  line: number
}

const KEYWORDS: ReadonlySet<string> = new Set(
  'block break continue define else end if range template with'.split(' '),
)

const SPACE = /[ \t\r\n]/
const WORD = /[\p{L}\p{Nd}_]/u

/** Tokens of a template, one after the other. The first error, or the end, is the last. */
export function* lex(text: string): Generator<Token, undefined> {
  const lexer = new Lexer(text)
  for (;;) {
    const tokens = lexer.read()
    yield* tokens
    const last = tokens.at(-1)
    if (last?.kind === 'end' || last?.kind === 'error') return undefined
  }
}

class Lexer {
  readonly #text: string
  #at = 0
  #line = 1
  #inAction = false
  #parens = 0

  constructor(text: string) {
    this.#text = text
  }

  read(): Token[] {
    return this.#inAction ? [this.#action()] : this.#outside()
  }

  /** Text up to the next action, and the action's beginning. Comments vanish with their delimiters. */
  #outside(): Token[] {
    const open = this.#text.indexOf('{{', this.#at)
    if (open < 0) {
      const rest = this.#take('text', this.#text.length)
      return rest.text === '' ? [{ ...rest, kind: 'end' }] : [rest]
    }
    const trims = /^-[ \t\r\n]/.test(this.#text.slice(open + 2, open + 4))
    const whole = this.#take('text', open)
    const text = { ...whole, text: trims ? whole.text.replace(/[ \t\r\n]+$/, '') : whole.text }
    const before = text.text === '' ? [] : [text]
    const start = open + 2 + (trims ? 2 : 0)
    if (this.#text.startsWith('/*', start)) return [...before, ...this.#comment(start)]
    this.#inAction = true
    this.#parens = 0
    return [...before, this.#take('open', start)]
  }

  #comment(start: number): Token[] {
    const end = this.#text.indexOf('*/', start)
    if (end < 0) return [this.#error('unclosed comment')]
    this.#take('text', end + 2)
    const close = this.#closing()
    if (close === undefined) return [this.#error('comment ends before closing delimiter')]
    this.#take('text', close.end)
    return []
  }

  /** The closing delimiter here: where it ends, with the blanks that a trim marker eats. */
  #closing(): { end: number } | undefined {
    const at = this.#at
    if (this.#text.startsWith('}}', at)) return { end: at + 2 }
    if (!SPACE.test(this.#text[at] ?? '') || !this.#text.startsWith('-}}', at + 1)) return undefined
    const rest = this.#text.slice(at + 4)
    return { end: at + 4 + (rest.length - rest.replace(/^[ \t\r\n]+/, '').length) }
  }

  #action(): Token {
    const close = this.#closing()
    if (close) {
      if (this.#parens > 0) return this.#error('unclosed left paren')
      this.#inAction = false
      return this.#take('close', close.end)
    }
    const character = this.#peek()
    if (character === '') return this.#error('unclosed action')
    if (SPACE.test(character)) return this.#space()
    if (character === '"') return this.#quoted('"', 'string', 'unterminated quoted string')
    if (character === "'") {
      return this.#quoted("'", 'character', 'unterminated character constant')
    }
    if (character === '`') return this.#raw()
    if (character === '$') return this.#name('variable', 1)
    if (character === '.' && !/[0-9]/.test(this.#text[this.#at + 1] ?? '0')) {
      return this.#name('field', 1)
    }
    if (/[.+\-0-9]/.test(character)) return this.#number()
    if (WORD.test(character)) return this.#identifier()
    return this.#punctuation(character)
  }

  #punctuation(character: string): Token {
    const at = this.#at
    switch (character) {
      case '=':
        return this.#take('assign', at + 1)
      case ':':
        if (this.#text[at + 1] !== '=') return this.#error('expected :=')
        return this.#take('declare', at + 2)
      case '|':
        return this.#take('pipe', at + 1)
      case '(':
        this.#parens++
        return this.#take('left-paren', at + 1)
      case ')':
        this.#parens--
        if (this.#parens < 0) return this.#error('unexpected right paren')
        return this.#take('right-paren', at + 1)
    }
    if (/^[!-~]$/.test(character)) return this.#take('other', at + 1)
    return this.#error(`unrecognized character in action: ${describeCharacter(character)}`)
  }

  /** The last blank may belong to a trim marker. */
  #space(): Token {
    let end = this.#at
    while (SPACE.test(this.#text[end] ?? '')) end++
    if (this.#text.startsWith('-}}', end) && end - 1 > this.#at) end--
    return this.#take('space', end)
  }

  #quoted(mark: string, kind: TokenKind, complaint: string): Token {
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      const character = this.#text[at]
      if (character === '\n') break
      if (character === '\\') {
        at++
        if (this.#text[at] === '\n') break
      } else if (character === mark) return this.#take(kind, at + 1)
    }
    return this.#error(complaint)
  }

  #raw(): Token {
    const end = this.#text.indexOf('`', this.#at + 1)
    if (end < 0) return this.#error('unterminated raw quoted string')
    return this.#take('string', end + 1)
  }

  /** `.Field`, `$variable`, or the mark alone. */
  #name(kind: 'field' | 'variable', mark: number): Token {
    const end = this.#wordEnd(this.#at + mark)
    if (end === this.#at + mark && this.#endsAt(end)) {
      return this.#take(kind === 'field' ? 'dot' : kind, end)
    }
    return this.#endsAt(end) ? this.#take(kind, end) : this.#badCharacter(end)
  }

  #identifier(): Token {
    const end = this.#wordEnd(this.#at)
    if (!this.#endsAt(end)) return this.#badCharacter(end)
    const word = this.#text.slice(this.#at, end)
    if (KEYWORDS.has(word)) return this.#take('keyword', end)
    if (word === 'true' || word === 'false') return this.#take('bool', end)
    return this.#take(word === 'nil' ? 'nil' : 'identifier', end)
  }

  #number(): Token {
    const rest = this.#text.slice(this.#at)
    const [match = ''] =
      /^[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*|0[bB][01_]*|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)/.exec(
        rest,
      ) ?? []
    const end = this.#at + match.length
    if (!WORD.test(this.#peek(end)) && !/[+-]/.test(this.#text[end] ?? '')) {
      return this.#take('number', end)
    }
    const next = this.#peek(end)
    return this.#error(`bad number syntax: ${quote(match + next)}`)
  }

  #wordEnd(start: number): number {
    let end = start
    while (WORD.test(this.#peek(end))) end += this.#peek(end).length
    return end
  }

  /** Whether a name may end here. */
  #endsAt(at: number): boolean {
    const next = this.#peek(at)
    return next === '' || /[ \t\r\n.,|:()]/.test(next) || this.#text.startsWith('}}', at)
  }

  #badCharacter(at: number): Token {
    return this.#error(`bad character ${describeCharacter(this.#peek(at))}`)
  }

  #peek(at = this.#at): string {
    const code = this.#text.codePointAt(at)
    return code === undefined ? '' : String.fromCodePoint(code)
  }

  #take(kind: TokenKind, end: number): Token {
    const text = this.#text.slice(this.#at, end)
    const token = { kind, text, at: this.#at, line: this.#line }
    this.#line += text.split('\n').length - 1
    this.#at = end
    return token
  }

  #error(text: string): Token {
    return { kind: 'error', text, at: this.#at, line: this.#line }
  }
}

/** `U+0040 '@'` */
function describeCharacter(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  return `U+${code} '${character}'`
}
