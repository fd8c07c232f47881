import type { Expression, Loop } from './ast.ts'
import type { Inner } from './parse-template.ts'
import type { Scanner } from './scan.ts'
import { fault } from './source.ts'

/** `key, value in collection` of a `for`. */
export function parseLoop(scanner: Scanner, { expression }: Inner): Loop {
  const names = [scanner.next()]
  if (scanner.take(',')) names.push(scanner.next())
  const wrong = names.find(({ kind }) => kind !== 'name')
  if (wrong) {
    throw fault(
      "Invalid 'for' expression",
      "For expression requires variable name after 'for'.",
      scanner.rangeOf(wrong),
    )
  }
  if (!scanner.takeName('in')) {
    throw fault(
      "Invalid 'for' expression",
      "For expression requires the 'in' keyword after its name declarations.",
      scanner.rangeOf(scanner.peek()),
    )
  }
  const collection = expression(scanner)
  const [first, second] = names.map(({ text }) => text)
  return { key: second === undefined ? undefined : first, value: second ?? first ?? '', collection }
}

function parseForHead(scanner: Scanner, inner: Inner): Loop {
  const loop = parseLoop(scanner, inner)
  if (scanner.take(':')) return loop
  throw fault(
    "Invalid 'for' expression",
    'For expression requires a colon after the collection expression.',
    scanner.rangeOf(scanner.peek()),
  )
}

/** Reads the rest of `[for …`. */
export function parseForTuple(scanner: Scanner, start: number, inner: Inner): Expression {
  const loop = parseForHead(scanner, inner)
  const value = inner.expression(scanner)
  const condition = scanner.takeName('if') ? inner.expression(scanner) : undefined
  scanner.close(
    ']',
    "Invalid 'for' expression",
    "Extra characters after the end of the 'for' expression.",
  )
  return { kind: 'for-tuple', loop, value, condition, range: scanner.range(start, scanner.offset) }
}

/** Reads the rest of `{for …`. */
export function parseForObject(scanner: Scanner, start: number, inner: Inner): Expression {
  scanner.enter(true)
  const loop = parseForHead(scanner, inner)
  const key = inner.expression(scanner)
  if (!scanner.take('=>')) {
    throw fault(
      "Invalid 'for' expression",
      "For expression requires the '=>' symbol after its key expression.",
      scanner.rangeOf(scanner.peek()),
    )
  }
  const value = inner.expression(scanner)
  const grouped = scanner.take('...')
  const condition = scanner.takeName('if') ? inner.expression(scanner) : undefined
  scanner.leave()
  scanner.skipNewlines()
  scanner.close(
    '}',
    "Invalid 'for' expression",
    "Extra characters after the end of the 'for' expression.",
  )
  const range = scanner.range(start, scanner.offset)
  return { kind: 'for-object', loop, key, value, condition, grouped, range }
}
