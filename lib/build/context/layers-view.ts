import { posix } from 'node:path'
import type { TreeEntry } from '../../runtime/tree-entries.ts'
import type { TreeView, ViewEntry } from './view.ts'

export interface LayersEntry extends ViewEntry {
  /** As it is in the layers; without digests until they are asked for. */
  readonly found: TreeEntry
}

/** Something of a tree is not known yet: what is at a path, or, where `isList`, what is in it. */
export class Unknown extends Error {
  readonly path: string
  readonly isList: boolean

  constructor(path: string, isList: boolean) {
    super(`not known yet: /${path}`)
    this.path = path
    this.isList = isList
  }
}

/** What is at a path of no layers: only the root. */
export const nothingAt = (path: string): TreeEntry => ({
  path,
  type: path === '' ? 'directory' : 'missing',
  mode: 0o755,
  uid: 0,
  gid: 0,
  size: 0,
  modified: 0,
  linkGroup: 0,
  target: '',
  digest: '',
  attributes: '',
})

/** What is known of the files in layers. Who asks for more gets `Unknown` thrown, which says what has to be looked up first. */
export class LayersView implements TreeView<LayersEntry> {
  readonly root: LayersEntry = layersEntry(nothingAt(''))
  readonly #entries = new Map<string, LayersEntry | undefined>()
  /** Of directories all of whose entries are known. */
  readonly #children = new Map<string, LayersEntry[]>()

  /** Takes in what was found at and below a path, so many levels (`undefined`: all). */
  learn(path: string, depth: number | undefined, found: readonly TreeEntry[]): void {
    for (const one of found) {
      const entry = one.type === 'missing' ? undefined : layersEntry(one)
      this.#entries.set(one.path, entry)
      if (!entry || depth === 0) continue
      const level = levelBelow(path, one.path)
      const isListed = depth === undefined || level < depth
      if (entry.type === 'directory' && isListed) this.#children.set(one.path, [])
      if (level > 0) this.#children.get(parentOf(one.path))?.push(entry)
    }
  }

  child(directory: ViewEntry, name: string): LayersEntry | undefined {
    const path = directory.path === '' ? name : `${directory.path}/${name}`
    if (this.#entries.has(path)) return this.#entries.get(path)
    if (this.#children.has(directory.path)) return undefined
    throw new Unknown(path, false)
  }

  children(directory: ViewEntry): readonly LayersEntry[] {
    const known = this.#children.get(directory.path)
    if (!known) throw new Unknown(directory.path, true)
    return known
  }

  /** Of a root filesystem nothing is left out. */
  isWhole(): boolean {
    return true
  }
}

const parentOf = (path: string): string => {
  const parent = posix.dirname(path)
  return parent === '.' ? '' : parent
}

function levelBelow(top: string, path: string): number {
  if (path === top) return 0
  return path.slice(top === '' ? 0 : top.length + 1).split('/').length
}

export function layersEntry(found: TreeEntry): LayersEntry {
  const { path, type, target } = found
  const kind = type === 'file' || type === 'directory' || type === 'symlink' ? type : 'other'
  return { path, type: kind, target: kind === 'symlink' ? target : undefined, found }
}
