import { posix } from 'node:path'
import type { Selected, Selection } from '../files.ts'
import { entriesBelow } from './entries.ts'
import { hasWildcards } from './glob.ts'
import { PatternMatcher } from './matcher.ts'
import { selectParents } from './parents.ts'
import { matchSource } from './sources.ts'
import type { TreeView } from './view.ts'

/**
 * Looks up the sources of COPY and ADD. A source without wildcards has to be there; one with wildcards stands for as many paths as there
 * are, and a link that it matches has to lead somewhere. Throws `DockerfileError`.
 */
export function lookUp(view: TreeView, { patterns, exclude, parents }: Selection): Selected[] {
  const excluded = exclude.length > 0 ? new PatternMatcher(exclude) : undefined
  if (parents) return patterns.flatMap((pattern) => selectParents(view, pattern, excluded))
  return patterns.flatMap((pattern) => {
    const isPattern = hasWildcards(pattern)
    return matchSource(view, pattern)
      .filter(({ path }) => !isPattern || !isNamed(excluded, path))
      .map(({ path, entry }) => ({
        path,
        kept: '',
        isDirectory: entry.type === 'directory',
        entries: entriesBelow(view, entry, { matcher: excluded, from: entry.path }),
      }))
  })
}

/**
 * `--exclude` says something of what is in a source. Docker's reference has it leave out files that a pattern matched, too; BuildKit does
 * not do that (its issue 5489).
 */
const isNamed = (excluded: PatternMatcher | undefined, path: string): boolean =>
  excluded?.match(posix.basename(path), undefined).matched ?? false
