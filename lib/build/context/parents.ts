import { posix } from 'node:path'
import type { Selected } from '../files.ts'
import { entriesBelow } from './entries.ts'
import { compileGlob, hasWildcards } from './glob.ts'
import { type MatchInfo, PatternMatcher } from './matcher.ts'
import { matchSource } from './sources.ts'
import { cleanSource, notFound, type TreeView, type ViewEntry } from './view.ts'

/** Below one directory, which paths are taken. */
interface Search {
  view: TreeView
  base: string
  matcher: PatternMatcher
  /** What the parts of a path must be, up to the first `**`. */
  tests: readonly ((name: string) => boolean)[]
  isOpen: boolean
  excluded: PatternMatcher | undefined
}

/** What was said of the directories above. */
interface Above {
  depth: number
  info: MatchInfo | undefined
  excluded: MatchInfo | undefined
}

/**
 * The paths that a source of `--parents` stands for, each with the directories on the way to it before it, from `/./` on where the source
 * has that. Here `**` stands for any directories, and links are taken as they are. Throws `DockerfileError` where a source without wildcards is not
 * there.
 */
export function selectParents(
  view: TreeView,
  source: string,
  excluded: PatternMatcher | undefined,
): Selected[] {
  const pivot = source.indexOf('/./')
  const from = pivot < 0 ? '' : source.slice(0, pivot)
  const pattern = cleanSource(pivot < 0 ? source : source.slice(pivot + 3))
  if (pattern === '') {
    return matchSource(view, from).map(({ path, entry }) => ({
      path,
      kept: '',
      isDirectory: entry.type === 'directory',
      entries: entriesBelow(view, entry, { matcher: excluded, from: entry.path }),
    }))
  }
  const bases = matchSource(view, from).filter(({ entry }) => entry.type === 'directory')
  const found = bases.flatMap(({ entry }) =>
    searchBelow(searchFor(view, entry.path, pattern, excluded), entry),
  )
  if (found.length === 0 && !hasWildcards(pattern) && !hasWildcards(from)) {
    throw notFound(cleanSource(`${from}/${pattern}`))
  }
  return found
}

function searchFor(
  view: TreeView,
  base: string,
  pattern: string,
  excluded: PatternMatcher | undefined,
): Search {
  const parts = pattern.split('/')
  const open = parts.findIndex((part) => part.includes('**'))
  return {
    view,
    base,
    matcher: new PatternMatcher([pattern]),
    tests: parts.slice(0, open < 0 ? undefined : open).map((part) => compileGlob(part, 'path')),
    isOpen: open >= 0,
    excluded,
  }
}

const searchBelow = (search: Search, base: ViewEntry): Selected[] =>
  search.view
    .children(base)
    .flatMap((entry) =>
      searchEntry(search, entry, { depth: 0, info: undefined, excluded: undefined }),
    )

function searchEntry(search: Search, entry: ViewEntry, above: Above): Selected[] {
  const { view, base, tests, isOpen, excluded } = search
  const test = tests[above.depth]
  if (test ? !test(posix.basename(entry.path)) : !isOpen) return []
  const kept = base === '' ? entry.path : entry.path.slice(base.length + 1)
  const { matched, info } = search.matcher.match(kept, above.info)
  const exclusion = excluded?.match(kept, above.excluded)
  const isOut = exclusion?.matched ?? false
  if (isOut && (entry.type !== 'directory' || !excluded?.mayFree(kept))) return []
  if (matched) {
    const matcher = { matcher: excluded, from: base, info: exclusion?.info }
    const entries = entriesBelow(view, entry, matcher)
    return isOut && entries.length === 1 ? [] : [{ ...of(entry, kept), entries }]
  }
  if (entry.type !== 'directory') return []
  const inside = { depth: above.depth + 1, info, excluded: exclusion?.info }
  const below = view.children(entry).flatMap((child) => searchEntry(search, child, inside))
  if (below.length === 0) return []
  const entries = [{ path: entry.path, type: entry.type, whole: false }]
  return [{ ...of(entry, kept), entries }, ...below]
}

const of = ({ path, type }: ViewEntry, kept: string): Omit<Selected, 'entries'> => ({
  path,
  kept,
  isDirectory: type === 'directory',
})
