import type { BinaryOperator, Expression } from './ast.ts'
import { parseForObject, parseForTuple, parseLoop } from './parse-for.ts'
import { type Inner, parseHeredoc, parseQuoted, parseWhole } from './parse-template.ts'
import type { Scanner, Token } from './scan.ts'
import { type DefinitionError, fault } from './source.ts'

/** Operators that bind less come first. */
const LEVELS: readonly (readonly BinaryOperator[])[] = [
  ['||'],
  ['&&'],
  ['==', '!='],
  ['<', '>', '<=', '>='],
  ['+', '-'],
  ['*', '/', '%'],
]
/** An expression in an expression in an expression: more of them nobody writes by hand. */
const MAX_DEPTH = 200

const depths = new WeakMap<Scanner, number>()

/** Reads an expression. Throws `DefinitionError`. */
export function parseExpression(scanner: Scanner): Expression {
  const depth = (depths.get(scanner) ?? 0) + 1
  if (depth > MAX_DEPTH) {
    const range = scanner.rangeOf(scanner.peek())
    throw fault('Invalid expression', 'Expressions are nested too deeply.', range)
  }
  depths.set(scanner, depth)
  const parsed = parseConditional(scanner)
  depths.set(scanner, depth - 1)
  return parsed
}

/** Reads a whole source as a template. Throws `DefinitionError`. */
export const parseTemplate = (scanner: Scanner): Expression => parseWhole(scanner, INNER)

function parseConditional(scanner: Scanner): Expression {
  const condition = parseBinary(scanner, 0)
  if (!scanner.take('?')) return condition
  const then = parseExpression(scanner)
  if (!scanner.take(':')) {
    throw fault(
      'Missing false expression in conditional',
      'The conditional operator (...?...:...) requires a false expression, delimited by a colon.',
      scanner.rangeOf(scanner.peek()),
    )
  }
  const otherwise = parseExpression(scanner)
  const range = scanner.range(condition.range.start, otherwise.range.end)
  return { kind: 'conditional', condition, then, otherwise, range }
}

function parseBinary(scanner: Scanner, level: number): Expression {
  const operators = LEVELS[level]
  if (!operators) return parseUnary(scanner)
  let left = parseBinary(scanner, level + 1)
  for (;;) {
    const { kind, text } = scanner.peek()
    const operator = kind === 'mark' ? operators.find((known) => known === text) : undefined
    if (!operator) return left
    scanner.next()
    const right = parseBinary(scanner, level + 1)
    const range = scanner.range(left.range.start, right.range.end)
    left = { kind: 'binary', operator, left, right, range }
  }
}

function parseUnary(scanner: Scanner): Expression {
  const { start } = scanner.peek()
  const operator = scanner.take('-') ? '-' : scanner.take('!') ? '!' : undefined
  if (!operator) return parseSteps(scanner, parsePrimary(scanner))
  const of = parseUnary(scanner)
  return { kind: 'unary', operator, of, range: scanner.range(start, of.range.end) }
}

/** `.name`, `[key]`, `[*]` and `.*` behind an expression. */
function parseSteps(
  scanner: Scanner,
  from: Expression,
  within: 'all' | 'attributes' = 'all',
): Expression {
  let of = from
  const { start } = from.range
  for (;;) {
    if (scanner.take('.')) {
      if (scanner.take('*')) {
        const each = parseSteps(scanner, { kind: 'item', range: of.range }, 'attributes')
        of = { kind: 'splat', of, each, range: scanner.range(start, each.range.end) }
        continue
      }
      const name = scanner.next()
      const range = scanner.range(start, name.end)
      if (name.kind === 'number') {
        for (const index of name.text.split('.')) {
          of = { kind: 'index', of, key: { kind: 'literal', value: Number(index), range }, range }
        }
      } else if (name.kind === 'name') {
        of = { kind: 'attribute', of, name: name.text, nameRange: scanner.rangeOf(name), range }
      } else {
        throw fault(
          'Invalid attribute name',
          'An attribute name is required after a dot.',
          scanner.rangeOf(name),
        )
      }
    } else if (within === 'all' && scanner.isAt('[')) {
      scanner.enter(true)
      scanner.next()
      const isSplat = scanner.take('*')
      const key = isSplat ? undefined : parseExpression(scanner)
      scanner.close(
        ']',
        'Missing close bracket on index',
        'The index operator must end with a closing bracket ("]").',
      )
      const range = scanner.range(start, scanner.offset)
      if (key) of = { kind: 'index', of, key, range }
      else {
        const each = parseSteps(scanner, { kind: 'item', range })
        of = { kind: 'splat', of, each, range: scanner.range(start, each.range.end) }
      }
    } else return of
  }
}

function parsePrimary(scanner: Scanner): Expression {
  const token = scanner.peek()
  const range = scanner.rangeOf(token)
  if (token.kind === 'quote') {
    scanner.next()
    return parseQuoted(scanner, token.start, INNER)
  }
  if (token.kind === 'heredoc') {
    scanner.next()
    return parseHeredoc(scanner, token.text, token.start, INNER)
  }
  if (token.kind === 'number') {
    scanner.next()
    return { kind: 'literal', value: Number(token.text), range }
  }
  if (token.kind === 'name') return parseNamed(scanner, scanner.next())
  if (scanner.isAt('(')) return parseParenthesis(scanner)
  if (scanner.isAt('[')) return parseTuple(scanner)
  if (scanner.isAt('{')) return parseObject(scanner)
  throw noExpression(scanner)
}

function noExpression(scanner: Scanner): DefinitionError {
  const token = scanner.peek()
  const detail =
    token.kind === 'end'
      ? 'Expected the start of an expression, but found the end of the file.'
      : 'Expected the start of an expression, but found an invalid expression token.'
  const summary = token.kind === 'end' ? 'Missing expression' : 'Invalid expression'
  return fault(summary, detail, scanner.rangeOf(token))
}

const WORDS: Readonly<Record<string, null | boolean>> = { null: null, true: true, false: false }

function parseNamed(scanner: Scanner, token: Token): Expression {
  const range = scanner.rangeOf(token)
  let name = token.text
  let { end } = token
  while (scanner.source.text.startsWith('::', end) && scanner.take(':') && scanner.take(':')) {
    const part = scanner.next()
    name += `::${part.text}`
    end = part.end
  }
  if (scanner.isAt('(')) return parseCall(scanner, name, token.start, end)
  if (Object.hasOwn(WORDS, name))
    return { kind: 'literal', value: WORDS[name] as null | boolean, range }
  return { kind: 'variable', name, range }
}

function parseCall(scanner: Scanner, name: string, start: number, nameEnd: number): Expression {
  scanner.enter(true)
  scanner.next()
  const args: Expression[] = []
  let spread = false
  while (!scanner.isAt(')')) {
    args.push(parseExpression(scanner))
    if (scanner.take('...')) spread = true
    if (spread || !scanner.take(',')) break
  }
  scanner.close(
    ')',
    'Missing argument separator',
    'A comma is required to separate each function argument from the next.',
  )
  const range = scanner.range(start, scanner.offset)
  return { kind: 'call', name, nameRange: scanner.range(start, nameEnd), args, spread, range }
}

function parseParenthesis(scanner: Scanner): Expression {
  const { start } = scanner.peek()
  scanner.enter(true)
  scanner.next()
  const inner = parseExpression(scanner)
  scanner.close(
    ')',
    'Unbalanced parentheses',
    'Expected a closing parenthesis to terminate the expression.',
  )
  return { ...inner, range: scanner.range(start, scanner.offset) }
}

function parseTuple(scanner: Scanner): Expression {
  const { start } = scanner.peek()
  scanner.enter(true)
  scanner.next()
  if (scanner.takeName('for')) return parseForTuple(scanner, start, INNER)
  const items: Expression[] = []
  while (!scanner.isAt(']')) {
    items.push(parseExpression(scanner))
    if (!scanner.take(',')) break
  }
  scanner.close(
    ']',
    'Missing item separator',
    'Expected a comma to mark the beginning of the next item.',
  )
  return { kind: 'tuple', items, range: scanner.range(start, scanner.offset) }
}

function parseObject(scanner: Scanner): Expression {
  const { start } = scanner.peek()
  scanner.enter(false)
  scanner.next()
  scanner.skipNewlines()
  if (scanner.takeName('for')) return parseForObject(scanner, start, INNER)
  const entries: { key: Expression; value: Expression }[] = []
  while (!scanner.isAt('}')) {
    const key = parseKey(scanner)
    if (!scanner.take('=') && !scanner.take(':')) {
      throw fault(
        'Missing key/value separator',
        'Expected an equals sign ("=") to mark the beginning of the attribute value.',
        scanner.rangeOf(scanner.peek()),
      )
    }
    scanner.skipNewlines()
    entries.push({ key, value: parseExpression(scanner) })
    const isSeparated = scanner.take(',') || scanner.peek().kind === 'newline'
    scanner.skipNewlines()
    if (!isSeparated) break
  }
  scanner.close(
    '}',
    'Missing attribute separator',
    'Expected a newline or comma to mark the beginning of the next attribute.',
  )
  return { kind: 'object', entries, range: scanner.range(start, scanner.offset) }
}

/** A name alone is a key; what is computed stands between parentheses. */
function parseKey(scanner: Scanner): Expression {
  const key = parseExpression(scanner)
  return key.kind === 'variable' && scanner.source.text[key.range.start] !== '('
    ? { kind: 'literal', value: key.name, range: key.range }
    : key
}

const INNER: Inner = {
  expression: parseExpression,
  loop: (scanner) => parseLoop(scanner, INNER),
}
