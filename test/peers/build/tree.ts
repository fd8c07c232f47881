import { createHash } from 'node:crypto'
import { CONTEXT_TIMES } from './suite.ts'
import { clean, readTar, type TarEntry } from './tar.ts'

/** A path of a root filesystem; names of one file share one `inode`. */
export interface TreeEntry extends Omit<TarEntry, 'type' | 'path'> {
  type: Exclude<TarEntry['type'], 'hardlink'>
  inode: symbol
}

export type Tree = Map<string, TreeEntry>

/** Puts layers on top of each other: archives, the lowest first. */
export function treeOf(layers: readonly Buffer[]): Tree {
  const tree: Tree = new Map()
  for (const layer of layers) addLayer(tree, [...readTar(layer)])
  return tree
}

/** What a layer takes away is taken from the layers below only, wherever it says so. */
function addLayer(tree: Tree, entries: TarEntry[]): void {
  for (const { path } of entries) {
    const [, parent = '', name = ''] = /^(.*?)([^/]*)$/s.exec(path) ?? []
    if (name === '.wh..wh..opq') removeBelow(tree, clean(parent))
    else if (name.startsWith('.wh.')) remove(tree, `${parent}${name.slice(4)}`)
  }
  for (const entry of entries) {
    if (/(^|\/)\.wh\./.test(entry.path)) continue
    if (entry.type !== 'directory') remove(tree, entry.path)
    tree.set(entry.path, made(tree, entry))
  }
}

function made(tree: Tree, entry: TarEntry): TreeEntry {
  const { type } = entry
  if (type !== 'hardlink') return { ...entry, type, inode: Symbol(entry.path) }
  const target = tree.get(clean(entry.linkTarget))
  if (!target) throw new Error(`${entry.path} is a link to ${entry.linkTarget}, which is not there`)
  return target
}

function remove(tree: Tree, path: string): void {
  tree.delete(path)
  removeBelow(tree, path)
}

function removeBelow(tree: Tree, path: string): void {
  const start = path === '' ? '' : `${path}/`
  for (const each of [...tree.keys()]) if (each.startsWith(start)) tree.delete(each)
}

/** What one tree has otherwise than another, a line per path; the root itself is not told. */
export function differences(base: Tree, tree: Tree): string[] {
  const names = new Map<symbol, string[]>()
  for (const [path, { inode }] of tree) names.set(inode, [...(names.get(inode) ?? []), path])
  const lines: [string, string][] = []
  for (const [path, entry] of tree) {
    const line = describe(path, entry)
    const old = base.get(path)
    if (path === '' || (old && describe(path, old) === line)) continue
    const others = (names.get(entry.inode) ?? []).filter((name) => name !== path).sort()
    lines.push([path, others.length > 0 ? `${line} also ${others.join(' ')}` : line])
  }
  for (const path of base.keys()) if (!tree.has(path)) lines.push([path, `${path}: gone`])
  return lines.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line)
}

const isContextTime = (mtime: number): boolean =>
  mtime >= CONTEXT_TIMES.first && mtime < CONTEXT_TIMES.first + CONTEXT_TIMES.count

/** Times later than this are of the run: nothing is told of them, nor of directories' times, which change with what comes and goes in them. */
const LONG_AGO = Date.UTC(2023, 0) / 1000

function describe(path: string, entry: TreeEntry): string {
  const { type, mode, uid, gid, mtime, data, linkTarget, device, xattrs } = entry
  const words = [`${path}: ${type} ${mode.toString(8)} ${uid}:${gid}`]
  if (type === 'file') words.push(`${data.length} ${digestOf(data)}`)
  if (type === 'symlink') words.push(`-> ${linkTarget}`)
  if (type === 'character' || type === 'block') words.push(device.join(','))
  if (type !== 'directory' && mtime < LONG_AGO)
    words.push(`at ${isContextTime(mtime) ? CONTEXT_TIMES.first : mtime}`)
  for (const [name, value] of Object.entries(xattrs).sort())
    words.push(`${name}=${value.toString('hex')}`)
  return words.join(' ')
}

/** Short texts are told, so that one can see what a file should have. */
function digestOf(data: Buffer): string {
  if (data.length <= 80 && /^[\n\t\x20-\x7e]*$/.test(data.toString('latin1')))
    return JSON.stringify(data.toString())
  return createHash('sha256').update(data).digest('hex').slice(0, 16)
}
