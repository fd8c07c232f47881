import { DockerfileError } from './errors.ts'

/** One character that is meant literally, or what stands for any one. */
const ANY = Symbol('any character')
type Token = string | typeof ANY

/** A pattern as the parts between its `*`. One part: it has none. */
export type Glob = readonly (readonly Token[])[]

/** Comparisons that a search may cost: seconds at most, whatever the pattern. */
const MAX_WORK = 1e9

/**
 * Reads the pattern of `${name#pattern}` and its like: `*`, `?`, and a backslash that takes their meaning away. `}` and `/` may have
 * a backslash too, which belongs to the substitution.
 */
export function parseGlob(pattern: string): Glob {
  const parts: Token[][] = [[]]
  const characters = [...pattern]
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] ?? ''
    const next = characters[at + 1]
    if (character === '*') parts.push([])
    else if (character === '?') parts.at(-1)?.push(ANY)
    else if (character !== '\\') parts.at(-1)?.push(character)
    else if (next !== '}' && next !== '/') {
      if (next !== '*' && next !== '?' && next !== '\\') {
        throw new DockerfileError(`invalid escape '\\${next ?? '\ufffd'}'`)
      }
      parts.at(-1)?.push(next)
      at += 1
    }
  }
  return parts
}

/** How many characters at the beginning of the value the pattern takes, as few or as many as it can; `undefined`: it does not fit. */
export function matchBegin(
  glob: Glob,
  value: readonly string[],
  greedy: boolean,
): number | undefined {
  return matchFrom(glob, lines(glob, value)[0] ?? [], 0, greedy)
}

/** The same at the end of the value. */
export function matchEnd(
  glob: Glob,
  value: readonly string[],
  greedy: boolean,
): number | undefined {
  const mirrored = glob.map((part) => part.toReversed()).toReversed()
  return matchBegin(mirrored, value.toReversed(), greedy)
}

/** The value with the first place that the pattern fits, or every one, replaced; each as long as can be. */
export function replaceMatches(
  glob: Glob,
  value: readonly string[],
  replacement: string,
  all: boolean,
): string {
  let done = false
  const replaced = lines(glob, value).map((line) => {
    if (done) return line.join('')
    const { text, found } = replaceInLine(glob, line, replacement, all)
    done = found && !all
    return text
  })
  return replaced.join('\n')
}

/** `*` and `?` stop at ends of lines, as in Go's expressions, unless the pattern itself goes over one. */
function lines(glob: Glob, value: readonly string[]): (readonly string[])[] {
  if (!value.includes('\n') || glob.some((part) => part.includes('\n'))) return [value]
  const found: (readonly string[])[] = []
  let start = 0
  for (;;) {
    const end = value.indexOf('\n', start)
    if (end < 0) return [...found, value.slice(start)]
    found.push(value.slice(start, end))
    start = end + 1
  }
}

function replaceInLine(
  glob: Glob,
  line: readonly string[],
  replacement: string,
  all: boolean,
): { text: string; found: boolean } {
  const result: string[] = []
  let at = 0
  let before = -1
  for (;;) {
    const match = search(glob, line, at)
    if (match === undefined) break
    result.push(line.slice(at, match.start).join(''))
    // An empty place right after what fitted is no place of its own.
    if (match.end > match.start || match.start !== before) result.push(replacement)
    before = match.end
    at = match.end
    if (!all || match.start >= line.length) break
    if (match.end === match.start) {
      result.push(line[at] ?? '')
      at += 1
    }
  }
  result.push(line.slice(at).join(''))
  return { text: result.join(''), found: before >= 0 }
}

/** The leftmost place from a position on where the pattern fits, as long as can be. */
function search(
  glob: Glob,
  line: readonly string[],
  from: number,
): { start: number; end: number } | undefined {
  const start = find(glob[0] ?? [], line, from)
  const length = start === undefined ? undefined : matchFrom(glob, line, start, true)
  if (start === undefined || length === undefined) return undefined
  return { start, end: start + length }
}

/**
 * How much of the value the pattern takes from exactly this position. Each part is looked for at its first place after the one before:
 * a later one gains nothing, so that nothing has to be tried twice.
 */
function matchFrom(
  glob: Glob,
  value: readonly string[],
  start: number,
  greedy: boolean,
): number | undefined {
  const [first = [], ...rest] = glob
  if (!fits(first, value, start)) return undefined
  let at = start + first.length
  const last = rest.pop()
  if (last === undefined) return at - start
  for (const part of rest) {
    const found = find(part, value, at)
    if (found === undefined) return undefined
    at = found + part.length
  }
  const found = greedy ? findLast(last, value, at) : find(last, value, at)
  return found === undefined ? undefined : found + last.length - start
}

function find(part: readonly Token[], value: readonly string[], from: number): number | undefined {
  checkWork(part, value)
  for (let at = from; at + part.length <= value.length; at += 1) {
    if (fits(part, value, at)) return at
  }
  return undefined
}

function findLast(
  part: readonly Token[],
  value: readonly string[],
  from: number,
): number | undefined {
  checkWork(part, value)
  for (let at = value.length - part.length; at >= from; at -= 1) {
    if (fits(part, value, at)) return at
  }
  return undefined
}

function fits(part: readonly Token[], value: readonly string[], at: number): boolean {
  if (at + part.length > value.length) return false
  for (let index = 0; index < part.length; index += 1) {
    const token = part[index]
    if (token === ANY ? value[at + index] === '\n' : token !== value[at + index]) return false
  }
  return true
}

function checkWork(part: readonly Token[], value: readonly string[]): void {
  if (part.length * value.length > MAX_WORK) {
    throw new DockerfileError('pattern and value are too long to compare')
  }
}
