import type { SelectedEntry } from '../files.ts'
import type { MatchInfo, PatternMatcher } from './matcher.ts'
import type { TreeView, ViewEntry } from './view.ts'

/** What is left out: `matcher` says something of paths below the directory `from`. */
export interface Exclusion {
  matcher: PatternMatcher | undefined
  from: string
  info?: MatchInfo | undefined
}

/** An entry and what of it is taken; what is below a directory that is taken as a whole is not listed. */
export function entriesBelow(
  view: TreeView,
  entry: ViewEntry,
  exclusion: Exclusion,
): SelectedEntry[] {
  if (entry.type !== 'directory') return [selected(entry, true)]
  const { below, whole } = listBelow(view, entry, exclusion)
  return whole ? [selected(entry, true)] : [selected(entry, false), ...below]
}

const selected = ({ path, type }: ViewEntry, whole: boolean): SelectedEntry => ({
  path,
  type,
  whole,
})

/** A directory that is left out comes nevertheless, when something below it does not stay out. */
function listBelow(
  view: TreeView,
  directory: ViewEntry,
  exclusion: Exclusion,
): { below: SelectedEntry[]; whole: boolean } {
  if (!exclusion.matcher && view.isWhole(directory)) return { below: [], whole: true }
  const children = view.children(directory)
  const parts = children.map((entry) => listEntry(view, entry, exclusion))
  const whole = view.isWhole(directory) && parts.every((part) => part?.[0]?.whole)
  return { below: whole ? [] : parts.flatMap((part) => part ?? []), whole }
}

function listEntry(
  view: TreeView,
  entry: ViewEntry,
  exclusion: Exclusion,
): SelectedEntry[] | undefined {
  const { matcher, from } = exclusion
  if (!matcher) return entriesBelow(view, entry, exclusion)
  const name = from === '' ? entry.path : entry.path.slice(from.length + 1)
  const { matched, info } = matcher.match(name, exclusion.info)
  const inside = { matcher, from, info }
  if (!matched) return entriesBelow(view, entry, inside)
  if (entry.type !== 'directory' || !matcher.mayFree(name)) return undefined
  const { below } = listBelow(view, entry, inside)
  return below.length > 0 ? [selected(entry, false), ...below] : undefined
}
