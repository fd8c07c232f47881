import { posix } from 'node:path'
import { DockerfileError } from '../../dockerfile/errors.ts'
import { compileGlob } from './glob.ts'

/** Which patterns a directory met, for what is in it. */
export type MatchInfo = readonly boolean[]

interface Pattern {
  /** Clean, without the `!`. */
  text: string
  negated: boolean
  test(path: string): boolean
}

/**
 * A list of patterns as those of `.dockerignore` and `--exclude`: a path is matched when the last pattern that says something of it, or of
 * a directory above it, has no `!`. Paths are relative, with `/` between their parts. (github.com/moby/patternmatcher)
 */
export class PatternMatcher {
  readonly #patterns: readonly Pattern[]
  readonly #negated: readonly string[] | undefined

  /** Throws `DockerfileError` in the words of that library. */
  constructor(patterns: readonly string[]) {
    this.#patterns = patterns
      .map((text) => text.trim())
      .flatMap((text) => (text === '' ? [] : [parsePattern(text)]))
    const negated = this.#patterns.filter(({ negated }) => negated).map(({ text }) => text)
    this.#negated = negated.every((text) => isPlain(withoutTrailingGlob(text)))
      ? negated.map(withoutTrailingGlob)
      : undefined
  }

  /** Whether a path is matched; `parent` is what was said of the directory it is in, none at the top. */
  match(path: string, parent: MatchInfo | undefined): { matched: boolean; info: MatchInfo } {
    let matched = false
    const info = this.#patterns.map(({ negated, test }, index) => {
      // What can change nothing is not asked, and counts as no match for what is below, as there.
      const met = parent?.[index] === true || (negated === matched && test(path))
      if (met) matched = !negated
      return met
    })
    return { matched, info }
  }

  /** Whether something below a directory that is matched itself may not be. */
  mayFree(directory: string): boolean {
    const inside = `${directory}/`
    return this.#negated?.some((text) => `${text}/`.startsWith(inside)) ?? true
  }
}

function parsePattern(written: string): Pattern {
  const clean = posix.normalize(written).replace(/(.)\/$/, '$1')
  const negated = clean.startsWith('!')
  const text = negated ? clean.slice(1) : clean
  if (text === '') throw new DockerfileError('illegal exclusion pattern: "!"')
  // Also where a quicker way is found below: it says whether the pattern is one.
  const test = compileGlob(text, 'ignore')
  return { text, negated, test: quickTest(text) ?? test }
}

/** The usual kinds, which need no pattern: no wildcard at all, `directory/**` and `**` before something plain. */
function quickTest(text: string): ((path: string) => boolean) | undefined {
  if (isPlain(text)) return (path) => path === text
  if (text === '**') return () => true
  const head = text.endsWith('**') ? text.slice(0, -2) : undefined
  if (head !== undefined && isPlain(head)) return (path) => path.startsWith(head)
  const tail = text.startsWith('**') ? text.slice(2) : undefined
  if (tail !== undefined && isPlain(tail)) {
    // `**name` is a suffix, too; `**/name` begins at a directory.
    return tail.startsWith('/')
      ? (path) => path.endsWith(tail) || path === tail.slice(1)
      : (path) => path.endsWith(tail)
  }
  return undefined
}

const isPlain = (text: string): boolean => !/[*?[\]\\]/.test(text)

const withoutTrailingGlob = (text: string): string =>
  text.replace(/\/\*\*$/, '').replace(/\/\*$/, '')
