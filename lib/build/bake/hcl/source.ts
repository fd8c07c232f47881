import { LighterError } from '../../../core/errors.ts'
import { excerpt } from '../../../dockerfile/excerpt.ts'

/** A definition file: its name as messages call it, and its text. */
export interface Source {
  name: string
  text: string
}

/** Offsets in a source, the end is behind it. */
export interface Range {
  source: Source
  start: number
  end: number
}

/** One thing that is wrong with a definition, as HCL says it: what, and why. */
export interface Diagnostic {
  summary: string
  detail: string
  range: Range
}

/** What a definition file has wrong. `excerpt`: the lines around it, to be shown before the sentence. */
export class DefinitionError extends LighterError {
  readonly diagnostics: readonly Diagnostic[]
  readonly excerpt: string

  constructor(diagnostics: readonly [Diagnostic, ...Diagnostic[]]) {
    const [first, ...more] = diagnostics
    const rest = more.length > 0 ? `, and ${more.length} other diagnostic(s)` : ''
    super('usage', `${describe(first)}${rest}`)
    this.diagnostics = diagnostics
    this.excerpt = excerptOf(first.range)
  }
}

/** Makes the error of one fault. */
export const fault = (summary: string, detail: string, range: Range): DefinitionError =>
  new DefinitionError([{ summary, detail, range }])

const describe = ({ summary, detail, range }: Diagnostic): string =>
  `${formatRange(range)}: ${summary}; ${detail}`

/** `file:2,15-18`, or `file:2,15-3,4` where it goes over lines. */
export function formatRange({ source, start, end }: Range): string {
  const [from, to] = [positionOf(source, start), positionOf(source, end)]
  const tail = from.line === to.line ? to.column : `${to.line},${to.column}`
  return `${source.name}:${from.line},${from.column}-${tail}`
}

/** Line and column, the first of each is 1; columns count characters. */
export function positionOf({ text }: Source, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset)
  const lineStart = before.lastIndexOf('\n') + 1
  return { line: before.split('\n').length, column: [...before.slice(lineStart)].length + 1 }
}

function excerptOf({ source, start, end }: Range): string {
  const [first, last] = [positionOf(source, start).line, positionOf(source, end).line]
  return excerpt(source.text.split('\n'), source.name, { start: first, end: last })
}
