/** What is wrong with a text that should be JSON, in the words of Go's decoder, which clients of Docker see. */
export class GoJsonFault extends Error {
  override name = 'GoJsonFault'
}

/** Reads a text as JSON. Throws a {@link GoJsonFault} where it is none. `mayGoOn`: what follows the document has words of its own. */
export function parseGoJson(text: string, mayGoOn = false): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const fault = new Scanner(text).fault(mayGoOn)
    throw new GoJsonFault(fault ?? 'unexpected end of JSON input')
  }
}

/** What Go calls the kind of a value. */
export function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

/** Behind a document of a request, where there should be nothing. */
export const TRAILING = 'unexpected content after JSON'

/** Go stops at 10,000, which is more than the stack here holds; a text with a fault so deep is nobody's document. */
const MAX_DEPTH = 1_000

const ESCAPES = new Set('"\\/bfnrt')
const LITERALS: Readonly<Record<string, string>> = { t: 'true', f: 'false', n: 'null' }

/** Finds the first fault of a text that is known to have one, as Go's scanner comes upon it (encoding/json, scanner.go). */
class Scanner {
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  fault(mayGoOn: boolean): string | undefined {
    try {
      this.#value()
      this.#blanks()
    } catch (error) {
      if (error instanceof GoJsonFault) return error.message
      throw error
    }
    const next = this.#peek()
    if (next === undefined) return undefined
    return mayGoOn ? TRAILING : `invalid character ${quote(next)} after top-level value`
  }

  #peek(): string | undefined {
    return this.#at < this.#text.length
      ? String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0)
      : undefined
  }

  #blanks(): void {
    while (/^[ \t\r\n]$/.test(this.#peek() ?? '')) this.#at++
  }

  /** The document is cut short here, or this character cannot be there. */
  #fail(where: string): never {
    const next = this.#peek()
    throw new GoJsonFault(
      next === undefined
        ? 'unexpected end of JSON input'
        : `invalid character ${quote(next)} ${where}`,
    )
  }

  #value(): void {
    this.#blanks()
    const next = this.#peek() ?? ''
    if (next === '{') this.#nested(() => this.#object())
    else if (next === '[') this.#nested(() => this.#array())
    else if (next === '"') this.#string()
    else if (LITERALS[next] !== undefined) this.#literal(LITERALS[next])
    else if (/^[-\d]$/.test(next)) this.#number()
    else this.#fail('looking for beginning of value')
  }

  #nested(read: () => void): void {
    if (++this.#depth > MAX_DEPTH) throw new GoJsonFault('exceeded max depth')
    read()
    this.#depth--
  }

  #object(): void {
    this.#at++
    this.#blanks()
    if (this.#peek() === '}') {
      this.#at++
      return
    }
    for (;;) {
      this.#blanks()
      if (this.#peek() !== '"') this.#fail('looking for beginning of object key string')
      this.#string()
      this.#blanks()
      if (this.#peek() !== ':') this.#fail('after object key')
      this.#at++
      this.#value()
      if (this.#ends('}', 'after object key:value pair')) return
    }
  }

  #array(): void {
    this.#at++
    this.#blanks()
    if (this.#peek() === ']') {
      this.#at++
      return
    }
    for (;;) {
      this.#value()
      if (this.#ends(']', 'after array element')) return
    }
  }

  /** Whether the list ends here; else another member follows. */
  #ends(mark: string, where: string): boolean {
    this.#blanks()
    if (this.#peek() !== mark && this.#peek() !== ',') this.#fail(where)
    return this.#text[this.#at++] === mark
  }

  #string(): void {
    this.#at++
    while (this.#peek() !== '"') {
      const next = this.#peek()
      if (next === undefined || next < ' ') this.#fail('in string literal')
      this.#at += next.length
      if (next === '\\') this.#escape()
    }
    this.#at++
  }

  #escape(): void {
    const next = this.#peek()
    if (next !== undefined && ESCAPES.has(next)) {
      this.#at++
      return
    }
    if (next !== 'u') this.#fail('in string escape code')
    this.#at++
    for (let digit = 0; digit < 4; digit++, this.#at++) {
      if (!/^[\da-f]$/i.test(this.#peek() ?? '')) this.#fail('in \\u hexadecimal character escape')
    }
  }

  #literal(word: string): void {
    for (const letter of word) {
      if (this.#peek() !== letter) this.#fail(`in literal ${word} (expecting ${quote(letter)})`)
      this.#at++
    }
  }

  #number(): void {
    if (this.#peek() === '-') this.#at++
    if (this.#peek() === '0') this.#at++
    else this.#digits('in numeric literal')
    if (this.#peek() === '.') {
      this.#at++
      this.#digits('after decimal point in numeric literal')
    }
    if (/^e$/i.test(this.#peek() ?? '')) {
      this.#at++
      if (/^[-+]$/.test(this.#peek() ?? '')) this.#at++
      this.#digits('in exponent of numeric literal')
    }
  }

  #digits(where: string): void {
    if (!/^\d$/.test(this.#peek() ?? '')) this.#fail(where)
    while (/^\d$/.test(this.#peek() ?? '')) this.#at++
  }
}

/** A character as Go writes it. */
function quote(letter: string): string {
  if (letter === "'") return "'\\''"
  if (letter === '"') return `'"'`
  const escaped = JSON.stringify(letter).slice(1, -1)
  return `'${/^\\u00/.test(escaped) ? `\\x${escaped.slice(4)}` : escaped}'`
}
