import type { Heredoc, Location } from './ast.ts'
import { trimBlank, trimBlankBegin } from './characters.ts'
import { DockerfileError } from './errors.ts'
import { heredocsOfLine, withoutTabs } from './heredoc.ts'
import type { Escape } from './lexer.ts'
import { type Line, readLine } from './line.ts'

/** An instruction with the lines it is made of; what it means is still to be seen. */
export interface Statement extends Line {
  location: Location
  heredocs: HeredocBody[]
  /** The comments right before it, without `#`. */
  comments: string[]
}

/** A here-document with its lines as they are written. */
export interface HeredocBody extends Heredoc {
  written: string
}

/** What Go's scanner takes as one line, which BuildKit reads Dockerfiles with. */
const MAX_LINE = 65_535

/**
 * Puts the lines of a Dockerfile together: continuations joined, comments and empty lines inside them gone, here-documents with the
 * instruction they belong to. `from`: how many lines are directives. `emptyContinuations`: where there were empty lines inside. Throws
 * DockerfileError.
 */
export function readStatements(
  lines: readonly string[],
  escaper: Escape,
  from = 0,
): { statements: Statement[]; emptyContinuations: Location[] } {
  const reader = new Reader(lines, escaper, from)
  const statements: Statement[] = []
  for (;;) {
    const statement = reader.next()
    if (statement === undefined) break
    statements.push(statement)
  }
  return { statements, emptyContinuations: reader.emptyContinuations }
}

class Reader {
  readonly emptyContinuations: Location[] = []
  readonly #lines: readonly string[]
  readonly #escape: Escape
  /** How many lines are read. */
  #at = 0
  #comments: string[] = []

  constructor(lines: readonly string[], escaper: Escape, from: number) {
    this.#lines = lines
    this.#escape = escaper
    this.#at = from
  }

  next(): Statement | undefined {
    while (this.#at < this.#lines.length) {
      const line = trimBlankBegin(withoutLineEnd(this.#take()))
      if (line.startsWith('#')) this.#comment(line)
      else if (line === '') this.#comments = []
      else return this.#statement(line)
    }
    return undefined
  }

  #take(): string {
    const line = this.#lines[this.#at] ?? ''
    this.#at += 1
    if (line.length * 3 > MAX_LINE && Buffer.byteLength(line) > MAX_LINE) {
      throw new DockerfileError(
        `dockerfile line greater than max allowed size of ${MAX_LINE}`,
        this.#from(this.#at),
      )
    }
    return line
  }

  #from(start: number): Location {
    return { start, end: this.#at }
  }

  #comment(line: string): void {
    const comment = trimBlank(line.slice(1))
    if (comment === '') this.#comments = []
    else this.#comments.push(comment)
  }

  #statement(first: string): Statement {
    const start = this.#at
    const text = this.#joined(first)
    const comments = this.#comments
    this.#comments = []
    return located(
      () => this.#from(start),
      () => {
        const line = readLine(text, this.#escape)
        const heredocs = line.takesHeredocs && text.includes('<<') ? this.#heredocs(text) : []
        return { ...line, heredocs, comments, location: this.#from(start) }
      },
    )
  }

  #joined(first: string): string {
    const parts: string[] = []
    let empty = false
    let part = continued(first, this.#escape)
    parts.push(part ?? first)
    while (part !== undefined && this.#at < this.#lines.length) {
      const line = withoutLineEnd(this.#take())
      const begin = trimBlankBegin(line)
      if (begin.startsWith('#')) continue
      if (begin === '') {
        empty = true
        continue
      }
      part = continued(line, this.#escape)
      parts.push(part ?? line)
    }
    if (empty) this.emptyContinuations.push(this.#from(this.#at))
    return parts.join('')
  }

  #heredocs(text: string): HeredocBody[] {
    return heredocsOfLine(text).map((word) => {
      const written: string[] = []
      for (;;) {
        if (this.#at >= this.#lines.length) throw new DockerfileError('unterminated heredoc')
        const line = this.#take()
        const bare = withoutLineEnd(line)
        if ((word.chomp ? withoutTabs(bare) : bare) === word.name) break
        written.push(`${line}\n`)
      }
      const lines = word.chomp ? written.map(withoutTabs) : written
      return { ...word, content: lines.join(''), written: written.join('') }
    })
  }
}

/** A line without the character at its end that continues it; `undefined` if there is none, or one that is escaped itself. */
function continued(line: string, escaper: Escape): string | undefined {
  let end = line.length
  while (end > 0 && ' \t'.includes(line.charAt(end - 1))) end -= 1
  if (line[end - 1] !== escaper || line[end - 2] === escaper) return undefined
  return line.slice(0, end - 1)
}

function withoutLineEnd(line: string): string {
  let end = line.length
  while (line[end - 1] === '\r') end -= 1
  return line.slice(0, end)
}

/** Gives errors of a step the lines they come from. */
export function located<T>(location: () => Location, step: () => T): T {
  try {
    return step()
  } catch (error) {
    if (!(error instanceof DockerfileError) || error.location !== undefined) throw error
    throw new DockerfileError(error.message, location(), { cause: error })
  }
}

/** The lines of a text; the last one counts only if there is something in it. */
export function splitLines(text: string): string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}
