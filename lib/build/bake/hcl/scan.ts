import { fault, type Range, type Source } from './source.ts'

export type TokenKind = 'name' | 'number' | 'mark' | 'quote' | 'heredoc' | 'newline' | 'end'

export interface Token {
  kind: TokenKind
  text: string
  start: number
  end: number
}

const NAME = /[\p{ID_Start}_][\p{ID_Continue}-]*/uy
const NUMBER = /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const MARK = /\.\.\.|=>|==|!=|<=|>=|&&|\|\||[{}[\]()=,.:?!<>+\-*/%~]/y
const HEREDOC = /<<-?[\p{ID_Start}_][\p{ID_Continue}-]*\r?\n/uy
/** Blanks, and comments up to the end of their line. */
const SPACE = /(?:[ \t\r]|\/\*[\s\S]*?\*\/|(?:#|\/\/)[^\n]*)+/y

/** Reads a source word by word. Between brackets and parentheses ends of lines say nothing. */
export class Scanner {
  readonly source: Source
  #at: number
  /** Where what is read is over. */
  readonly end: number
  #peeked: Token | undefined
  /** Whether ends of lines are passed over, the innermost brackets last. */
  readonly #quiet: boolean[] = [false]

  /** Of a part of the source, where that is given. */
  constructor(source: Source, start = 0, end = source.text.length) {
    this.source = source
    this.#at = start
    this.end = end
  }

  get offset(): number {
    return this.#peeked?.start ?? this.#at
  }

  /** Goes on elsewhere, after what was read in another way. */
  moveTo(offset: number): void {
    this.#peeked = undefined
    this.#at = offset
  }

  range(start: number, end = this.#at): Range {
    return { source: this.source, start, end }
  }

  rangeOf({ start, end }: Token): Range {
    return { source: this.source, start, end }
  }

  enter(quiet: boolean): void {
    this.#quiet.push(quiet)
    this.#rescan()
  }

  leave(): void {
    this.#quiet.pop()
    this.#rescan()
  }

  #rescan(): void {
    if (this.#peeked) this.moveTo(this.#peeked.start)
  }

  peek(): Token {
    this.#peeked ??= this.#scan()
    return this.#peeked
  }

  next(): Token {
    const token = this.peek()
    this.#peeked = undefined
    this.#at = token.end
    return token
  }

  isAt(mark: string): boolean {
    const { kind, text } = this.peek()
    return kind === 'mark' && text === mark
  }

  /** Takes a mark if it is there. */
  take(mark: string): boolean {
    const found = this.isAt(mark)
    if (found) this.next()
    return found
  }

  /** Takes a name if it is there. */
  takeName(name: string): boolean {
    const { kind, text } = this.peek()
    if (kind !== 'name' || text !== name) return false
    this.next()
    return true
  }

  /** Takes the mark that ends what `enter` began. Throws `DefinitionError` where it is not there. */
  close(mark: string, summary: string, detail: string): void {
    if (!this.isAt(mark)) throw fault(summary, detail, this.rangeOf(this.peek()))
    this.leave()
    this.take(mark)
  }

  skipNewlines(): void {
    while (this.peek().kind === 'newline') this.next()
  }

  #scan(): Token {
    const quiet = this.#quiet.at(-1) === true
    for (;;) {
      this.#match(SPACE)
      if (!quiet || this.source.text[this.#at] !== '\n' || this.#at >= this.end) break
      this.#at++
    }
    const start = this.#at
    if (start >= this.end) return { kind: 'end', text: '', start, end: start }
    const first = this.source.text[start] ?? ''
    if (first === '\n') return this.#token('newline', '\n')
    if (first === '"') return this.#token('quote', '"')
    const heredoc = this.#look(HEREDOC)
    if (heredoc !== undefined) return this.#token('heredoc', heredoc)
    const name = this.#look(NAME)
    if (name !== undefined) return this.#token('name', name)
    const number = this.#look(NUMBER)
    if (number !== undefined) return this.#token('number', number)
    const mark = this.#look(MARK)
    if (mark !== undefined) return this.#token('mark', mark)
    const range = { source: this.source, start, end: start + 1 }
    if (first === "'") {
      throw fault(
        'Invalid character',
        'Single quotes are not valid. Use double quotes (") to enclose strings.',
        range,
      )
    }
    throw fault('Invalid character', 'This character is not used within the language.', range)
  }

  #token(kind: TokenKind, text: string): Token {
    return { kind, text, start: this.#at, end: this.#at + text.length }
  }

  #look(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const text = pattern.exec(this.source.text)?.[0]
    return text === undefined || this.#at + text.length > this.end ? undefined : text
  }

  #match(pattern: RegExp): void {
    const found = this.#look(pattern)
    if (found !== undefined) this.#at += found.length
  }
}
