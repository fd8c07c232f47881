import { posix } from 'node:path'
import { lazyCrypto } from '../../core/lazy.ts'
import type { Selected } from '../files.ts'
import type { TreeView, ViewEntry } from './view.ts'

/** Changes when digests mean something else, so that no old one is taken for a new one. */
const VERSION = 'files-1'
/** Pieces that are given to the hash at once. */
const PIECES = 4096

/** Everything that was selected, with what is in directories that are taken as a whole. */
export function expandSelected<Entry extends ViewEntry>(
  view: TreeView<Entry>,
  { entries }: Selected,
): Entry[] {
  const all: Entry[] = []
  const addAll = (entry: Entry): void => {
    all.push(entry)
    if (entry.type === 'directory') for (const child of view.children(entry)) addAll(child)
  }
  for (const { path, whole } of entries) {
    const entry = entryAt(view, path)
    if (entry && whole) addAll(entry)
    else if (entry) all.push(entry)
  }
  return all
}

function entryAt<Entry extends ViewEntry>(view: TreeView<Entry>, path: string): Entry | undefined {
  let entry: Entry | undefined = view.root
  for (const name of path === '' ? [] : path.split('/')) entry = entry && view.child(entry, name)
  return entry
}

/** All of an entry that counts, but for its name. */
export interface EntryContent {
  type: ViewEntry['type']
  mode: number
  uid: number
  gid: number
  /** Digest of a file's bytes, target of a link, number of a device. */
  content: string | undefined
  /** SHA-256 of the extended attributes, or its first half; `''`: there are none. */
  attributes: string
}

/** Digits of that which count: memories keep no more. */
const ATTRIBUTES = 32

export const describeEntry = (entry: EntryContent): string => {
  const { type, mode, uid, gid, content = '', attributes } = entry
  // A link has no mode of its own.
  const bits = type === 'symlink' ? '' : mode.toString(8)
  return `${type} ${bits} ${uid}:${gid} ${attributes.slice(0, ATTRIBUTES)} ${content}`
}

/**
 * The digest of what was selected of a tree. `describe` tells all of an entry but its name. The name of a directory that is
 * copied counts for nothing, as only what is in it gets somewhere.
 */
export function digestSelected<Entry extends ViewEntry>(
  sources: readonly { selected: Selected; entries: readonly Entry[] }[],
  describe: (entry: Entry) => string,
): string {
  const hash = lazyCrypto().createHash('sha256')
  let pieces = [VERSION]
  // No name and no target of a link has a zero byte.
  const flush = () => {
    hash.update(`${pieces.join('\0')}\0`)
    pieces = []
  }
  for (const { selected, entries } of sources) {
    const { path, kept, isDirectory } = selected
    const top = selected.entries[0]?.path ?? ''
    pieces.push('source', kept, isDirectory ? '' : posix.basename(path), String(entries.length))
    for (const entry of entries) {
      pieces.push(entry.path.slice(top.length), describe(entry))
      if (pieces.length > PIECES) flush()
    }
  }
  flush()
  return `sha256:${hash.digest('hex')}`
}
