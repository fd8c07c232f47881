import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Digest } from '../../core/ids.ts'
import { randomHex } from '../../core/random.ts'
import type { Engine } from '../../engine.ts'
import { readBeneath } from '../../fs/beneath.ts'
import { makeDraft } from '../../fs/drafts.ts'
import { ownIdentity } from '../../host/process.ts'
import { copyIntoTree, type ListOptions, listTree } from '../../runtime/tree.ts'
import type { TreeEntry } from '../../runtime/tree-entries.ts'
import type { FileTree, Selected, SelectedEntry, Selection } from '../files.ts'
import { treesOf } from '../layer-trees.ts'
import { splitPaths } from './command-lines.ts'
import { describeEntry, digestSelected } from './digest.ts'
import { hasWildcards } from './glob.ts'
import { type LayersEntry, LayersView, layersEntry, nothingAt, Unknown } from './layers-view.ts'
import { lookUp } from './patterns.ts'
import { recallDigest, rememberDigest, selectionKey } from './selections.ts'
import { cleanSource, follow, type TreeView } from './view.ts'

/**
 * The root filesystem of layers, the lowest first, as a tree to copy from. They have to be in the store. Throws `DockerfileError`, and
 * `damaged-image` for a layer that cannot be read.
 */
export function openLayers(engine: Engine, layers: readonly Digest[]): FileTree {
  return new LayersTree(engine, layers)
}

class LayersTree implements FileTree {
  readonly origin: { layers: readonly Digest[] }
  readonly #engine: Engine
  readonly #view = new LayersView()
  readonly #digests = new Map<string, Promise<string>>()

  constructor(engine: Engine, layers: readonly Digest[]) {
    this.origin = { layers }
    this.#engine = engine
  }

  async select(selection: Selection): Promise<Selected[]> {
    await this.#prefetch(selection.patterns)
    const depth = depthOf(selection)
    return await this.#knowing((view) => lookUp(view, selection), depth)
  }

  digest(selection: Selection): Promise<string> {
    const key = selectionKey(this.origin.layers, selection)
    const digest = this.#digests.get(key) ?? this.#recallOrFind(key, selection)
    this.#digests.set(key, digest)
    return digest
  }

  /** Layers never change. */
  async isUnchanged(): Promise<boolean> {
    return true
  }

  async readFile(path: string, limit: number): Promise<Buffer | undefined> {
    const { entry } = await this.#knowing((view) => follow(view, cleanSource(path)), 0)
    if (entry?.type !== 'file') return undefined
    const names = entry.path.split('/')
    // Where the union shows a file, it is that of the topmost layer that has one.
    for (const tree of this.#trees()) {
      const bytes = readBeneath(tree, names, limit)
      if (bytes) return bytes
    }
    return (entry as LayersEntry).found.size > limit ? undefined : await this.#readCopy(entry.path)
  }

  /** What belongs to a subordinate id may be closed to this user: a copy is not. */
  async #readCopy(path: string): Promise<Buffer | undefined> {
    const { native, idMap, paths } = this.#engine
    const upper = makeDraft(paths.data, ownIdentity())
    const name = randomHex(8)
    try {
      const owner = { uid: 0, gid: 0 }
      const items = [{ from: path, to: `/${name}` }]
      const operation = { op: 'copy', items, owner, mode: 0o600 } as const
      const source = { layers: this.#trees() }
      const namespace = { program: native().program, idMap: idMap() }
      await copyIntoTree(namespace, { lower: [], upper, source, operations: [operation] })
      return readFileSync(join(upper, name))
    } finally {
      rmSync(upper, { recursive: true, force: true })
    }
  }

  async #recallOrFind(key: string, selection: Selection): Promise<string> {
    const { data } = this.#engine.paths
    const known = recallDigest(data, key)
    if (known !== undefined) return known
    const digest = await this.#findDigest(selection)
    rememberDigest(data, key, digest)
    return digest
  }

  async #findDigest(selection: Selection): Promise<string> {
    const all = await this.select(selection)
    const entries = all.flatMap((selected) => selected.entries)
    const found = new Map<string, LayersEntry[]>()
    const list = async (wanted: SelectedEntry[], depth: number | undefined): Promise<void> => {
      const tops = new Set(wanted.map(({ path }) => path))
      for (const path of tops) found.set(path, [])
      for await (const one of this.#list([...tops], depth === undefined ? {} : { depth })) {
        found.get(topOf(tops, one.path))?.push(layersEntry(one))
      }
    }
    await list(
      entries.filter(({ whole }) => whole),
      undefined,
    )
    await list(
      entries.filter(({ whole }) => !whole),
      0,
    )
    const sources = all.map((selected) => ({
      selected,
      entries: selected.entries.flatMap(({ path }) => (found.get(path) ?? []).sort(byPath)),
    }))
    return digestSelected(sources, ({ found: one, type }) =>
      describeEntry({ ...one, type, content: contentOf(one) }),
    )
  }

  /** One question for all that paths without wildcards may need, where there are no links. */
  async #prefetch(patterns: readonly string[]): Promise<void> {
    const paths = patterns.flatMap((pattern) => {
      const parts = cleanSource(pattern).split('/')
      const wild = parts.findIndex(hasWildcards)
      const fixed = wild < 0 ? parts : parts.slice(0, wild)
      return fixed.map((_, index) => fixed.slice(0, index + 1).join('/'))
    })
    await this.#learn([...new Set(paths.filter((path) => path !== ''))], 0)
  }

  /** Does something with the view, looking up what it turns out to need. */
  async #knowing<Result>(
    work: (view: TreeView) => Result,
    depth: number | undefined,
  ): Promise<Result> {
    for (;;) {
      try {
        return work(this.#view)
      } catch (error) {
        if (!(error instanceof Unknown)) throw error
        await this.#learn([error.path], error.isList ? depth : 0)
      }
    }
  }

  async #learn(paths: readonly string[], depth: number | undefined): Promise<void> {
    const found: TreeEntry[] = []
    const options = { digests: false, ...(depth === undefined ? {} : { depth }) }
    for await (const one of this.#list(paths, options)) found.push(one)
    for (const path of paths) {
      const below = paths.length === 1 ? found : found.filter((one) => one.path === path)
      this.#view.learn(path, depth, below)
    }
  }

  async *#list(paths: readonly string[], options: ListOptions): AsyncGenerator<TreeEntry> {
    const { native, idMap } = this.#engine
    const namespace = { program: native().program, idMap: idMap() }
    for (const some of splitPaths(paths)) {
      // Of no layers there is no file, and nothing to be told of.
      if (this.origin.layers.length === 0) yield* some.map(nothingAt)
      else yield* listTree(namespace, this.#trees(), some, options)
    }
  }

  #trees(): string[] {
    return treesOf(this.#engine, this.origin.layers)
  }
}

/** How far below the fixed part of a source names are needed. */
function depthOf({ patterns, exclude, parents }: Selection): number | undefined {
  if (parents || exclude.length > 0) return undefined
  const depths = patterns.map((pattern) => {
    const parts = cleanSource(pattern).split('/')
    const wild = parts.findIndex(hasWildcards)
    return wild < 0 ? 1 : parts.length - wild
  })
  return Math.max(1, ...depths)
}

function topOf(tops: ReadonlySet<string>, path: string): string {
  for (let at = path.length; at > 0; at = path.lastIndexOf('/', at - 1)) {
    const top = path.slice(0, at)
    if (tops.has(top)) return top
  }
  return ''
}

/** As trees of directories are walked. */
function byPath({ path: one }: LayersEntry, { path: other }: LayersEntry): number {
  const [left, right] = [one.replaceAll('/', '\0'), other.replaceAll('/', '\0')]
  return left < right ? -1 : Number(left > right)
}

function contentOf({ type, digest, target }: TreeEntry): string {
  if (type === 'symlink') return target
  if (type === 'fifo') return '0'
  return digest
}
