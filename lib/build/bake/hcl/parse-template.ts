import type { Expression, Loop, Part } from './ast.ts'
import type { Scanner, Token } from './scan.ts'
import { fault, type Range } from './source.ts'

/** A template as it is read, before what belongs together is put together. */
type Bit =
  | { kind: 'text'; text: string }
  | { kind: 'interpolation'; of: Expression; before: boolean; after: boolean }
  | { kind: 'directive'; is: Directive; range: Range; before: boolean; after: boolean }

type Directive =
  | { word: 'if'; condition: Expression }
  | { word: 'for'; loop: Loop }
  | { word: 'else' | 'endif' | 'endfor' }

/** How expressions are read, which have templates in them as templates have expressions. */
export interface Inner {
  expression(scanner: Scanner): Expression
  loop(scanner: Scanner): Loop
}

interface Extent {
  inner: Inner
  /** Where it is over at the latest; a quoted one ends with its quote. */
  end: number
  quoted: boolean
  /** Blanks that are taken from the beginning of each line. */
  indent: number
}

/** The rest of a line that has nothing in it. */
const BLANK = /[ \t]*(?:\r?\n|$)/y
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  '"': '"',
  '\\': '\\',
}

/** Reads the rest of a quoted template, its end too. */
export function parseQuoted(scanner: Scanner, start: number, inner: Inner): Expression {
  const end = scanner.source.text.length
  const parts = structure(readBits(scanner, { inner, end, quoted: true, indent: 0 }))
  return { kind: 'template', parts, range: scanner.range(start, scanner.offset) }
}

/** Reads a here-document; `opening`: `<<NAME` or `<<-NAME` with the end of its line. */
export function parseHeredoc(
  scanner: Scanner,
  opening: string,
  start: number,
  inner: Inner,
): Expression {
  const { text } = scanner.source
  const name = opening.replace(/^<<-?/, '').trim()
  const begin = scanner.offset
  const closing = new RegExp(`^[ \\t]*${name}[ \\t]*\\r?$`, 'gmu')
  closing.lastIndex = begin
  const found = closing.exec(text)
  if (!found) {
    throw fault(
      'Unterminated template string',
      'No closing marker was found for the string.',
      scanner.range(text.length, text.length),
    )
  }
  const body = text.slice(begin, found.index)
  const indent = opening.startsWith('<<-') ? smallestIndent(body) : 0
  const parts = structure(readBits(scanner, { inner, end: found.index, quoted: false, indent }))
  scanner.moveTo(found.index + found[0].length)
  return { kind: 'template', parts, range: scanner.range(start, scanner.offset) }
}

/** A whole source that is one template, as texts in JSON are. */
export function parseWhole(scanner: Scanner, inner: Inner): Expression {
  const { offset: start, end } = scanner
  const parts = structure(readBits(scanner, { inner, end, quoted: false, indent: 0 }))
  return { kind: 'template', parts, range: scanner.range(start, end) }
}

const smallestIndent = (body: string): number =>
  Math.min(
    ...body
      .split('\n')
      .flatMap((line) => (line.trim() === '' ? [] : [/^[ \t]*/.exec(line)?.[0].length ?? 0])),
    body.length,
  )

function readBits(scanner: Scanner, { inner, end, quoted, indent }: Extent): Bit[] {
  const { text } = scanner.source
  const bits: Bit[] = []
  let at = scanner.offset
  let pending = ''
  const skipIndent = (): void => {
    BLANK.lastIndex = at
    if (BLANK.test(text)) return
    for (let count = 0; count < indent && /[ \t]/.test(text[at] ?? ''); count++) at++
  }
  skipIndent()
  while (at < end) {
    const two = text.slice(at, at + 2)
    const first = text[at] ?? ''
    if (quoted && first === '"') break
    if (quoted && first === '\n') break
    if (/^[$%]{2}\{/.test(text.slice(at, at + 3))) {
      pending += `${first}{`
      at += 3
    } else if (two === '${' || two === '%{') {
      if (pending !== '') bits.push({ kind: 'text', text: pending })
      pending = ''
      scanner.moveTo(at + 2)
      bits.push(
        two === '${' ? readInterpolation(scanner, inner) : readDirective(scanner, at, inner),
      )
      at = scanner.offset
    } else if (quoted && first === '\\') {
      const found = readEscape(scanner, at)
      pending += found.text
      at += found.length
    } else {
      const isTaken = first === '\n' && isFirstEnd(bits.at(-1), pending)
      pending += first
      at++
      // A line whose beginning goes with the mark before it keeps its blanks.
      if (first === '\n' && at < end && !isTaken) skipIndent()
    }
  }
  if (pending !== '') bits.push({ kind: 'text', text: pending })
  scanner.moveTo(at)
  if (!quoted) return bits
  if (text[at] !== '"') {
    throw fault(
      'Invalid multi-line string',
      'Quoted strings may not be split over multiple lines. To produce a multi-line string, either use the \\n escape to represent a newline character or use the "heredoc" multi-line template syntax.',
      scanner.range(at, at + 1),
    )
  }
  scanner.moveTo(at + 1)
  return bits
}

/** Whether this end of a line is what a mark takes away. */
const isFirstEnd = (last: Bit | undefined, since: string): boolean =>
  last !== undefined && last.kind !== 'text' && last.after && /^[ \t]*$/.test(since)

function readEscape(scanner: Scanner, at: number): { text: string; length: number } {
  const { text } = scanner.source
  const code = /^\\(?:u([0-9a-f]{4})|U([0-9a-f]{8}))/i.exec(text.slice(at, at + 10))
  if (code) {
    return {
      text: String.fromCodePoint(Number.parseInt(code[1] ?? code[2] ?? '', 16)),
      length: code[0].length,
    }
  }
  const selector = text[at + 1] ?? ''
  const known = ESCAPES[selector]
  if (known !== undefined) return { text: known, length: 2 }
  throw fault(
    'Invalid escape sequence',
    `The symbol ${JSON.stringify(selector)} is not a valid escape sequence selector.`,
    scanner.range(at, at + 2),
  )
}

function readInterpolation(scanner: Scanner, inner: Inner): Bit {
  scanner.enter(true)
  const before = takeTrim(scanner)
  const of = inner.expression(scanner)
  const after = endOfSequence(scanner, 'Extra characters after interpolation expression')
  return { kind: 'interpolation', of, before, after }
}

function readDirective(scanner: Scanner, start: number, inner: Inner): Bit {
  scanner.enter(true)
  const before = takeTrim(scanner)
  const word = scanner.next()
  const is = directiveOf(scanner, word, inner)
  const after = endOfSequence(scanner, 'Extra characters in marker')
  return { kind: 'directive', is, range: scanner.range(start, scanner.offset), before, after }
}

function directiveOf(scanner: Scanner, token: Token, inner: Inner): Directive {
  const { text: word } = token
  if (word === 'if') return { word, condition: inner.expression(scanner) }
  if (word === 'for') return { word, loop: inner.loop(scanner) }
  if (word === 'else' || word === 'endif' || word === 'endfor') return { word }
  throw fault(
    'Invalid template directive',
    `${JSON.stringify(word)} is not a valid template directive keyword.`,
    scanner.rangeOf(token),
  )
}

/** The mark that takes the blanks before, which is no mark of expressions. */
function takeTrim(scanner: Scanner): boolean {
  const isThere = scanner.source.text[scanner.offset] === '~'
  if (isThere) scanner.moveTo(scanner.offset + 1)
  return isThere
}

function endOfSequence(scanner: Scanner, summary: string): boolean {
  const { text } = scanner.source
  const at = skipBlanks(text, scanner.offset)
  const after = text[at] === '~'
  const close = after ? at + 1 : at
  if (text[close] !== '}') {
    const detail = 'Expected a closing brace to end the sequence, but found extra characters.'
    throw fault(summary, detail, scanner.range(at, at + 1))
  }
  scanner.leave()
  scanner.moveTo(close + 1)
  return after
}

function skipBlanks(text: string, from: number): number {
  let at = from
  while (/\s/.test(text[at] ?? '')) at++
  return at
}

/** Puts together what belongs together, and takes the blanks that are not wanted. */
function structure(bits: Bit[]): Part[] {
  for (const [index, bit] of bits.entries()) {
    if (bit.kind === 'text') continue
    const [last, next] = [bits[index - 1], bits[index + 1]]
    if (bit.before && last?.kind === 'text') last.text = trimLastLine(last.text)
    if (bit.after && next?.kind === 'text') next.text = next.text.replace(/^[ \t]*\n?/, '')
  }
  return take([...bits], []).parts
}

/** A mark takes blanks of one line, its end among them. */
const trimLastLine = (text: string): string => text.replace(/(^|\n)[ \t]+$|[ \t]*\n$|[ \t]+$/, '$1')

function take(queue: Bit[], ends: readonly string[]): { parts: Part[]; end: string | undefined } {
  const parts: Part[] = []
  for (let bit = queue.shift(); bit; bit = queue.shift()) {
    if (bit.kind === 'text') {
      if (bit.text !== '') parts.push(bit)
    } else if (bit.kind === 'interpolation') parts.push({ kind: 'interpolation', of: bit.of })
    else if (ends.includes(bit.is.word)) return { parts, end: bit.is.word }
    else parts.push(takeDirective(queue, bit.is, bit.range))
  }
  return { parts, end: undefined }
}

function takeDirective(queue: Bit[], is: Directive, range: Range): Part {
  if (is.word === 'if') {
    const { parts: then, end } = take(queue, ['else', 'endif'])
    const rest = end === 'else' ? take(queue, ['endif']) : { parts: [], end }
    if (rest.end === undefined) throw unclosed('if', 'endif', range)
    return { kind: 'if', condition: is.condition, then, otherwise: rest.parts, range }
  }
  if (is.word === 'for') {
    const { parts: body, end } = take(queue, ['endfor'])
    if (end === undefined) throw unclosed('for', 'endfor', range)
    return { kind: 'for', loop: is.loop, body, range }
  }
  throw fault(
    `Unexpected ${is.word} directive`,
    'The control directives within this template are unbalanced.',
    range,
  )
}

const unclosed = (word: string, end: string, range: Range) =>
  fault(
    'Unexpected end of template',
    `The ${word} directive at ${range.source.name} is missing its corresponding ${end} directive.`,
    range,
  )
