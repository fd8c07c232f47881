import { TemplateSyntaxError } from './errors.ts'
import { lex, type Token } from './lex.ts'
import { quote } from './quote.ts'

/** What the parts of the parser share. */
export interface ParseState {
  tokens: TokenStream
  isFunction: (name: string) => boolean
  /** Variables in scope, the innermost last. */
  variables: string[]
}

/** The tokens of a template with as much look-ahead as the grammar needs, and the errors of Go's parser. */
export class TokenStream {
  readonly #source: Generator<Token, undefined>
  #ahead: Token[] = []
  #last: Token = { kind: 'end', text: '', at: 0, line: 1 }
  /** Line of the action that is being read; 0 outside of one. */
  actionLine = 0

  constructor(text: string) {
    this.#source = lex(text)
  }

  next(): Token {
    const token = this.#ahead.pop() ?? this.#pull()
    this.#last = token
    return token
  }

  back(...tokens: Token[]): void {
    this.#ahead.push(...tokens.reverse())
  }

  peek(): Token {
    const token = this.next()
    this.back(token)
    return token
  }

  nextSolid(): Token {
    let token = this.next()
    while (token.kind === 'space') token = this.next()
    return token
  }

  peekSolid(): Token {
    const token = this.nextSolid()
    this.back(token)
    return token
  }

  fail(message: string): never {
    throw new TemplateSyntaxError(`template: :${this.#last.line}: ${message}`)
  }

  unexpected(token: Token, where: string): never {
    if (token.kind === 'error') this.fail(token.text + this.#startOf(token))
    this.fail(`unexpected ${describeToken(token)} in ${where}`)
  }

  #startOf({ line, text }: Token): string {
    if (this.actionLine === 0 || this.actionLine === line) return ''
    const start = ` in action started at :${this.actionLine}`
    return text.endsWith(' action') ? start.slice(' in action'.length) : start
  }

  #pull(): Token {
    const { value } = this.#source.next()
    return value ?? { ...this.#last, kind: 'end', text: '' }
  }
}

function describeToken({ kind, text }: Token): string {
  if (kind === 'end') return 'EOF'
  if (kind === 'keyword' || kind === 'dot' || kind === 'nil') return `<${text}>`
  const characters = [...text]
  return characters.length > 10 ? `${quote(characters.slice(0, 10).join(''))}...` : quote(text)
}
