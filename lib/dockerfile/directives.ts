import type { Dockerfile } from './ast.ts'
import { trimBlankBegin } from './characters.ts'
import { DockerfileError } from './errors.ts'
import type { Escape } from './lexer.ts'

type Directives = Dockerfile['directives']

const KNOWN: ReadonlySet<string> = new Set(['escape', 'syntax', 'check'])

/**
 * The parser directives of a Dockerfile: `# name=value` in its first lines, each once at most. Whatever else comes first ends them,
 * an empty line too. `syntax` and `check` are found after a `#!` line as well. `count`: the lines that they take.
 */
export function readDirectives(lines: readonly string[]): {
  directives: Directives
  count: number
} {
  const own = collect(lines, 0)
  const afterShebang = lines[0]?.startsWith('#!') === true ? collect(lines, 1) : own
  const directives: Directives = {
    escape: own.get('escape') === '`' ? '`' : '\\',
    syntax: afterShebang.get('syntax'),
    check: afterShebang.get('check'),
  }
  return { directives, count: own.size }
}

function collect(lines: readonly string[], from: number): Map<string, string> {
  const found = new Map<string, string>()
  for (let index = from; index < lines.length; index += 1) {
    const directive = readDirective(lines[index] ?? '')
    if (directive === undefined) break
    const location = { start: index + 1, end: index + 1 }
    if (found.has(directive.name)) {
      throw new DockerfileError(`only one ${directive.name} parser directive can be used`, location)
    }
    if (directive.name === 'escape' && !isEscape(directive.value)) {
      throw new DockerfileError(
        `invalid escape token '${directive.value}' does not match \` or \\`,
        location,
      )
    }
    found.set(directive.name, directive.value)
  }
  return found
}

const isEscape = (text: string): text is Escape => text === '\\' || text === '`'

/** Fewer characters than are blank elsewhere: what `\\s` is in Go's expressions. */
const isSpace = (character: string | undefined): boolean =>
  character !== undefined && '\t\n\f\r '.includes(character)

function trimSpace(text: string): string {
  let [start, end] = [0, text.length]
  while (start < end && isSpace(text[start])) start += 1
  while (end > start && isSpace(text[end - 1])) end -= 1
  return text.slice(start, end)
}

function readDirective(line: string): { name: string; value: string } | undefined {
  const text = trimBlankBegin(line)
  if (!text.startsWith('#')) return undefined
  const inside = trimBlankBegin(text.slice(1))
  const [name = ''] = /^[a-zA-Z][a-zA-Z0-9]*/.exec(inside) ?? []
  let at = name.length
  while (isSpace(inside[at])) at += 1
  const value = trimSpace(inside.slice(at + 1))
  const known = name.toLowerCase()
  if (inside[at] !== '=' || value === '' || !KNOWN.has(known)) return undefined
  return { name: known, value }
}
