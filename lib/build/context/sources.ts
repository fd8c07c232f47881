import { posix } from 'node:path'
import { compileGlob, hasWildcards } from './glob.ts'
import { cleanSource, follow, notFound, type TreeView, type ViewEntry } from './view.ts'

/** A path that a source stands for; `entry`: what is there when links are followed. */
export interface Match {
  path: string
  entry: ViewEntry
}

/** What a source without `--parents` stands for, in order. */
export function matchSource(view: TreeView, pattern: string): Match[] {
  const source = cleanSource(pattern)
  if (!hasWildcards(source)) {
    const { path, entry } = follow(view, source)
    if (!entry) throw notFound(path)
    return [{ path: namedPath(view, source), entry }]
  }
  const parts = source.split('/')
  const fixed = parts.findIndex(hasWildcards)
  const tests = parts.slice(fixed).map((part) => compileGlob(part, 'path'))
  const start = follow(view, parts.slice(0, fixed).join('/')).entry
  return start ? descend(view, start, tests).map((entry) => followMatch(view, entry)) : []
}

/** The links on the way are followed, the last name stays. */
function namedPath(view: TreeView, source: string): string {
  const name = posix.basename(source)
  const { path } = follow(view, posix.dirname(source))
  return path === '' ? name : `${path}/${name}`
}

function descend(
  view: TreeView,
  directory: ViewEntry,
  [test, ...others]: readonly ((name: string) => boolean)[],
): ViewEntry[] {
  if (!test || directory.type !== 'directory') return []
  const met = view.children(directory).filter(({ path }) => test(posix.basename(path)))
  return others.length === 0 ? met : met.flatMap((entry) => descend(view, entry, others))
}

function followMatch(view: TreeView, match: ViewEntry): Match {
  if (match.target === undefined) return { path: match.path, entry: match }
  const { path, entry } = follow(view, match.path)
  if (!entry) throw notFound(path)
  return { path: match.path, entry }
}
