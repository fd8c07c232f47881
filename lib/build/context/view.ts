import { posix } from 'node:path'
import { DockerfileError } from '../../dockerfile/errors.ts'
import type { SelectedEntry } from '../files.ts'

/** What is at a path of a tree. */
export interface ViewEntry {
  /** From the root, without links on the way; the root itself is `''`. */
  readonly path: string
  readonly type: SelectedEntry['type']
  /** Of a link. */
  readonly target: string | undefined
}

/** A tree as those who look for paths in it see it. What it reads it remembers. */
export interface TreeView<Entry extends ViewEntry = ViewEntry> {
  readonly root: Entry
  /** What a directory has of that name. */
  child(directory: ViewEntry, name: string): Entry | undefined
  /** In an order that is always the same. */
  children(directory: ViewEntry): readonly Entry[]
  /** Whether `children`, here and in all below, gives everything that there is. */
  isWhole(directory: ViewEntry): boolean
}

/** As many as BuildKit follows. */
const MAX_LINKS = 255

/** A path from the root in which no `.` and `..` is left; none leads above it. */
export const cleanSource = (path: string): string =>
  posix.normalize(`/${path}`).replace(/\/$/, '').slice(1)

/**
 * `path`: where the way ended. Without an entry it is what BuildKit says of it: as it was written, and where the last name is a link, as
 * that says it.
 */
export interface Found {
  path: string
  entry: ViewEntry | undefined
}

/**
 * Follows a path with the links in it, the last part too; they all count from the root of the tree and cannot leave it. Throws
 * `DockerfileError` for too many of them.
 */
export function follow(view: TreeView, path: string): Found {
  const way: ViewEntry[] = []
  const rest = path.split('/').reverse()
  let told = cleanSource(path)
  for (let links = 0; rest.length > 0; ) {
    const name = rest.pop() ?? ''
    if (name === '' || name === '.') continue
    if (name === '..') {
      way.pop()
      continue
    }
    const above = way.at(-1) ?? view.root
    const entry = above.type === 'directory' ? view.child(above, name) : undefined
    if (!entry) return { path: told, entry: undefined }
    if (entry.target === undefined) {
      way.push(entry)
      continue
    }
    links++
    if (links > MAX_LINKS) throw new DockerfileError('too many links')
    if (!rest.some((more) => more !== '' && more !== '.'))
      told = cleanSource(posix.resolve('/', posix.dirname(told), entry.target))
    if (entry.target.startsWith('/')) way.length = 0
    rest.push(...entry.target.split('/').reverse())
  }
  const entry = way.at(-1) ?? view.root
  return { path: entry.path, entry }
}

/** In the words of BuildKit. */
export const notFound = (path: string): DockerfileError =>
  new DockerfileError(`${JSON.stringify(`/${path}`)}: not found`)
