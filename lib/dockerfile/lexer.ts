import { DockerfileError } from './errors.ts'
import { Gathered } from './gathered.ts'
import { matchBegin, matchEnd, parseGlob, replaceMatches } from './glob.ts'

/** Variables by name. */
export type Variables = ReadonlyMap<string, string>

/** The escape directive of the Dockerfile. */
export type Escape = '\\' | '`'

/** What an expansion leaves as it is. */
export interface Mode {
  escape: Escape
  /** Quotes stay in the result. */
  rawQuotes?: boolean
  /** So do escapes. */
  rawEscapes?: boolean
  /** Quotes have no meaning. */
  ignoreQuotes?: boolean
  /** What is not defined stays as it is written. */
  keepUndefined?: boolean
}

/** Substitutions inside substitutions; nobody writes more, and each takes its share of the stack. */
const MAX_DEPTH = 200
/** Characters that a text may become, if it is not long already: `ENV A=$A$A` doubles them line by line. */
const MAX_LENGTH = 1 << 21
/** How much longer than itself a long text may become. */
const MAX_GROWTH = 4

/** Characters that never mean anything. */
const PLAIN = /[^$'"\\`}/]+/y

const MISSING_BRACE = "syntax error: missing '}'"
const MISSING_SLASH = `syntax error: missing '/' in \${}`

/** Reads a text once, as BuildKit's shell lexer does, replaces its variables and notes which it met. Throws DockerfileError. */
export class Lexer {
  readonly used = new Set<string>()
  readonly undefined = new Set<string>()
  readonly #text: string
  readonly #env: Variables
  readonly #mode: Mode
  #rawEscapes = false
  #at = 0
  #depth = 0

  constructor(text: string, env: Variables, mode: Mode) {
    this.#text = text
    this.#env = env
    this.#mode = mode
  }

  /** Reads up to a character that ends a part of a substitution, which is taken too, or to the end of the text. */
  until(stop: string | undefined, rawEscapes: boolean): { text: string; words: string[] } {
    const outside = this.#rawEscapes
    this.#rawEscapes = rawEscapes
    if (++this.#depth > MAX_DEPTH) throw new DockerfileError('substitutions are nested too deeply')
    const gathered = new Gathered(Math.max(MAX_LENGTH, this.#text.length * MAX_GROWTH))
    while (!this.#atEnd) {
      if (this.#peek === stop) {
        this.#next()
        this.#depth -= 1
        this.#rawEscapes = outside
        return gathered.finish()
      }
      this.#one(gathered)
    }
    if (stop !== undefined) {
      throw new DockerfileError(`unexpected end of statement while looking for matching ${stop}`)
    }
    return gathered.finish()
  }

  get #atEnd(): boolean {
    return this.#at >= this.#text.length
  }

  /** The next character, or the first half of one; empty at the end. */
  get #peek(): string {
    return this.#text.charAt(this.#at)
  }

  #next(): string {
    const code = this.#text.codePointAt(this.#at)
    const character = code === undefined ? '' : String.fromCodePoint(code)
    this.#at += character.length
    return character
  }

  /** As many characters as have no meaning, none if the next one has. */
  #plain(): string {
    PLAIN.lastIndex = this.#at
    const [text = ''] = PLAIN.exec(this.#text) ?? []
    this.#at += text.length
    return text
  }

  #one(gathered: Gathered): void {
    const character = this.#peek
    const quotes = this.#mode.ignoreQuotes !== true
    if (character === '$') gathered.add(this.#variable(), false)
    else if (quotes && character === "'") gathered.add(this.#singleQuoted(), true)
    else if (quotes && character === '"') gathered.add(this.#doubleQuoted(), true)
    else if (character !== this.#mode.escape) gathered.add(this.#plain() || this.#next(), false)
    else {
      this.#next()
      if (this.#rawEscapes) gathered.add(character, true)
      gathered.add(this.#next(), true)
    }
  }

  /** Without the quotes, unless they are wanted. */
  #singleQuoted(): string {
    const quote = this.#next()
    const end = this.#text.indexOf(quote, this.#at)
    if (end < 0) {
      this.#at = this.#text.length
      throw new DockerfileError(
        'unexpected end of statement while looking for matching single-quote',
      )
    }
    const inside = this.#text.slice(this.#at, end)
    this.#at = end + 1
    return this.#mode.rawQuotes === true ? `'${inside}'` : inside
  }

  #doubleQuoted(): string {
    const mark = this.#next()
    const quote = this.#mode.rawQuotes === true ? mark : ''
    let inside = ''
    while (!this.#atEnd) {
      const character = this.#peek
      if (character === '"') {
        this.#next()
        return quote + inside + quote
      }
      if (character === '$') inside += this.#variable()
      else if (character === this.#mode.escape) inside += this.#escapedInQuotes()
      else inside += this.#plain() || this.#next()
    }
    throw new DockerfileError('unexpected end of statement while looking for matching double-quote')
  }

  /** Inside of double quotes an escape keeps its meaning before a few characters only. */
  #escapedInQuotes(): string {
    const escaper = this.#next()
    const raw = this.#rawEscapes ? escaper : ''
    if (this.#atEnd) return raw
    return raw + ('"$'.includes(this.#peek) || this.#peek === escaper ? this.#next() : escaper)
  }

  #variable(): string {
    this.#next()
    if (this.#peek === '{') return this.#substitution()
    const name = this.#name()
    if (name === '') return '$'
    return this.#lookup(name) ?? (this.#mode.keepUndefined === true ? `$${name}` : '')
  }

  #lookup(name: string): string | undefined {
    const value = this.#env.get(name)
    if (value === undefined) this.undefined.add(name)
    else this.used.add(name)
    return value
  }

  /** A name, the digits of a parameter, or the one character of a special one; empty if there is none. */
  #name(): string {
    const pattern = /\p{Nd}+|[@*#?\-$!]|[\p{L}_][\p{L}\p{Nd}_]*/uy
    pattern.lastIndex = this.#at
    const [name = ''] = pattern.exec(this.#text) ?? []
    this.#at += name.length
    return name
  }

  #substitution(): string {
    this.#next()
    if (this.#atEnd) throw new DockerfileError(MISSING_BRACE)
    if ('{}:'.includes(this.#peek)) throw new DockerfileError('syntax error: bad substitution')
    const name = this.#name()
    const operator = this.#next()
    switch (operator) {
      case '}':
        return this.#lookup(name) ?? (this.#mode.keepUndefined === true ? `\${${name}}` : '')
      case '/':
        return this.#replacement(name)
      case ':':
        return this.#modified(name, this.#next(), true)
      case '+':
      case '-':
      case '?':
      case '#':
      case '%':
        return this.#modified(name, operator, false)
      default:
        throw unsupportedModifier(operator)
    }
  }

  #modified(name: string, operator: string, emptyIsUnset: boolean): string {
    const strips = operator === '#' || operator === '%'
    const word = this.#part('}', MISSING_BRACE, strips)
    const value = this.#lookup(name)
    const written = (emptyIsUnset ? ':' : '') + operator
    if (value === undefined && this.#mode.keepUndefined === true) {
      return `\${${name}${written}${word}}`
    }
    const missing = value === undefined || (emptyIsUnset && value === '')
    switch (operator) {
      case '-':
        return missing ? word : value
      case '+':
        return missing ? '' : word
      case '?':
        if (!missing) return value
        throw new DockerfileError(`${name}: ${word || missingText(value)}`)
      case '#':
      case '%':
        return strip(value ?? '', operator, word)
      default:
        throw unsupportedModifier(written)
    }
  }

  #replacement(name: string): string {
    const all = this.#peek === '/'
    if (all) this.#next()
    const pattern = this.#part('/', MISSING_SLASH, true)
    const replacement = this.#part('}', MISSING_BRACE, true)
    const value = this.#lookup(name)
    if (value === undefined && this.#mode.keepUndefined === true) {
      return `\${${name}/${pattern}/${replacement}}`
    }
    return withPattern(pattern, (glob) =>
      replaceMatches(glob, [...(value ?? '')], replacement, all),
    )
  }

  /** A part of a substitution. At the end of the text, that is what is wrong, whatever was found inside. */
  #part(stop: string, missing: string, rawEscapes: boolean): string {
    try {
      return this.until(stop, rawEscapes).text
    } catch (error) {
      if (error instanceof DockerfileError && this.#atEnd) throw new DockerfileError(missing)
      throw error
    }
  }
}

const unsupportedModifier = (modifier: string): DockerfileError =>
  new DockerfileError(`unsupported modifier (${modifier || '\ufffd'}) in substitution`)

const missingText = (value: string | undefined): string =>
  value === undefined ? 'is not allowed to be unset' : 'is not allowed to be empty'

/** `#` and `%` take the shortest piece that fits, twice written the longest. */
function strip(value: string, operator: '#' | '%', word: string): string {
  const greedy = word.startsWith(operator)
  const characters = [...value]
  return withPattern(greedy ? word.slice(1) : word, (glob) => {
    if (operator === '#') {
      return characters.slice(matchBegin(glob, characters, greedy) ?? 0).join('')
    }
    const length = matchEnd(glob, characters, greedy) ?? 0
    return characters.slice(0, characters.length - length).join('')
  })
}

function withPattern(pattern: string, use: (glob: ReturnType<typeof parseGlob>) => string): string {
  try {
    return use(parseGlob(pattern))
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error
    throw new DockerfileError(`invalid pattern (${pattern}) in substitution: ${error.message}`)
  }
}
