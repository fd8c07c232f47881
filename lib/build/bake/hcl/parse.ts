import type { Attribute, Block, Body } from './ast.ts'
import { parseExpression } from './parse-expression.ts'
import { Scanner, type Token } from './scan.ts'
import { fault, type Range, type Source } from './source.ts'

/** Parses a definition in HCL's own language. Throws `DefinitionError`. */
export function parseHcl(source: Source): Body {
  const scanner = new Scanner(source, source.text.startsWith('\uFEFF') ? 1 : 0)
  return parseBody(scanner, 'end')
}

/** `open`: the brace before a body that has one. */
function parseBody(scanner: Scanner, end: 'end' | '}', open?: Range): Body {
  const body: Body = { attributes: new Map(), blocks: [] }
  for (;;) {
    scanner.skipNewlines()
    const token = scanner.peek()
    if (end === '}' ? scanner.isAt('}') : token.kind === 'end') return body
    if (token.kind === 'end') {
      throw fault(
        'Unclosed configuration block',
        'There is no closing brace for this block before the end of the file. This may be caused by incorrect brace nesting elsewhere in this file.',
        open ?? scanner.rangeOf(token),
      )
    }
    if (token.kind !== 'name') throw noItem(scanner, token)
    const name = scanner.next()
    const isFirst = body.attributes.size === 0 && body.blocks.length === 0
    if (scanner.isAt('=')) addAttribute(scanner, body, name)
    else body.blocks.push(parseBlock(scanner, name))
    if (end === '}' && isFirst && isOneLine(scanner, name)) endOneLine(scanner)
    else endItem(scanner, end)
  }
}

function noItem(scanner: Scanner, token: Token) {
  return fault(
    'Argument or block definition required',
    'An argument or block definition is required here.',
    scanner.rangeOf(token),
  )
}

function addAttribute(scanner: Scanner, body: Body, name: Token): void {
  scanner.next()
  const nameRange = scanner.rangeOf(name)
  const attribute: Attribute = { name: name.text, nameRange, value: parseExpression(scanner) }
  const old = body.attributes.get(name.text)
  if (old) {
    throw fault(
      'Attribute redefined',
      `The argument ${JSON.stringify(name.text)} was already set. Each argument may be set only once.`,
      nameRange,
    )
  }
  body.attributes.set(name.text, attribute)
}

function parseBlock(scanner: Scanner, type: Token): Block {
  const labels: Block['labels'] = []
  for (;;) {
    const token = scanner.peek()
    if (token.kind === 'quote') {
      const label = parseExpression(scanner)
      const [part, ...more] = label.kind === 'template' ? label.parts : []
      if (more.length > 0 || (part && part.kind !== 'text')) {
        throw fault(
          'Invalid string literal',
          'Template sequences are not allowed in this string.',
          label.range,
        )
      }
      labels.push({ text: part?.kind === 'text' ? part.text : '', range: label.range })
    } else if (token.kind === 'name') {
      scanner.next()
      labels.push({ text: token.text, range: scanner.rangeOf(token) })
    } else break
  }
  const range = scanner.range(type.start, labels.at(-1)?.range.end ?? type.end)
  if (!scanner.isAt('{')) {
    const next = scanner.peek()
    if (next.kind === 'newline' && labels.length === 0) {
      throw fault(
        'Argument or block definition required',
        'An argument or block definition is required here. To set an argument, use the equals sign "=" to introduce the argument value.',
        scanner.rangeOf(type),
      )
    }
    if (next.kind === 'newline') {
      throw fault(
        'Invalid block definition',
        'A block definition must have block content delimited by "{" and "}", starting on the same line as the block header.',
        scanner.rangeOf(next),
      )
    }
    throw fault(
      'Invalid block definition',
      'Either a quoted string block label or an opening brace ("{") is expected here.',
      scanner.rangeOf(scanner.peek()),
    )
  }
  scanner.enter(false)
  const { start: brace } = scanner.next()
  const first = scanner.peek().start
  const open = scanner.range(brace, brace + 1)
  const body = parseBody(scanner, '}', open)
  scanner.leave()
  scanner.take('}')
  return { type: type.text, labels, body, range, start: scanner.range(first, first), open }
}

function endItem(scanner: Scanner, end: 'end' | '}'): void {
  const token = scanner.peek()
  if (token.kind === 'newline' || token.kind === 'end' || (end === '}' && scanner.isAt('}'))) return
  if (scanner.isAt(',')) {
    throw fault(
      'Unexpected comma after argument',
      'Argument definitions must be separated by newlines, not commas. An argument definition must end with a newline.',
      scanner.rangeOf(token),
    )
  }
  throw fault(
    'Missing newline after argument',
    'An argument definition must end with a newline.',
    scanner.rangeOf(token),
  )
}

/** Whether an argument stands behind the brace that opens its block, on one line with it. */
const isOneLine = ({ source: { text } }: Scanner, { start }: Token): boolean =>
  /\{[ \t]*$/.test(text.slice(text.lastIndexOf('\n', start) + 1, start))

function endOneLine(scanner: Scanner): void {
  if (scanner.isAt('}')) return
  const next = scanner.peek()
  if (next.kind !== 'newline' && next.kind !== 'end' && !scanner.isAt(',')) {
    throw fault(
      'Invalid single-argument block definition',
      'A single-line block definition must end with a closing brace immediately after its single argument definition.',
      scanner.rangeOf(next),
    )
  }
  if (scanner.isAt(',')) endItem(scanner, '}')
  throw fault(
    'Invalid single-argument block definition',
    "An argument definition on the same line as its containing block creates a single-line block definition, which must also be closed on the same line. Place the block's closing brace immediately after the argument definition.",
    scanner.rangeOf(scanner.peek()),
  )
}
