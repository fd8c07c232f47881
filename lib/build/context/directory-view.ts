import { type BigIntStats, constants, lstatSync, readdirSync, readlinkSync } from 'node:fs'
import { isErrno, isSystemError, systemErrorReason } from '../../core/errors.ts'
import { DockerfileError } from '../../dockerfile/errors.ts'
import { decodeName, isDoubtful, pathBytes, shownName } from '../../fs/byte-names.ts'
import type { MatchInfo, PatternMatcher } from './matcher.ts'
import type { TreeView, ViewEntry } from './view.ts'

const { S_IFMT, S_IFREG, S_IFDIR, S_IFLNK, S_IFSOCK } = constants
const TYPES: Readonly<Record<number, ViewEntry['type']>> = {
  [S_IFREG]: 'file',
  [S_IFDIR]: 'directory',
  [S_IFLNK]: 'symlink',
}

/** What tells a file from the same file at another time. */
export interface FileIdentity {
  dev: bigint
  ino: bigint
  size: bigint
  /** Nanoseconds since 1970. */
  mtime: bigint
  ctime: bigint
}

/** What a file has; of a directory only the attributes count. */
export interface Content {
  /** SHA-256 of its bytes, in hexadecimal. */
  digest: string
  /** SHA-256 of its extended attributes that are copied, or its first half; `''`: it has none. */
  attributes: string
}

/** Finds what a file was found to have earlier. */
export type Recall = (identity: FileIdentity) => Content | undefined

export interface DirectoryEntry extends ViewEntry {
  readonly path: string
  readonly type: ViewEntry['type']
  readonly target: string | undefined
  /** What it was found to have; `undefined`: nobody looked yet. */
  content: Content | undefined
  /** As long as that is not known. */
  identity: FileIdentity | undefined
  /** Permission bits, with setuid, setgid and the sticky bit. */
  mode: number
  /** Of devices. */
  readonly device: bigint
}

/** With what was read of it so far. */
interface Node extends DirectoryEntry {
  /** What the ignore file says of it, for what is in it. */
  info: MatchInfo | undefined
  /** It is left out, but for what comes back in it. */
  isOut: boolean
  known: Map<string, Node | 'left out'> | undefined
  all: readonly Node[] | undefined
  whole: boolean | undefined
}

/** A directory of the host as a tree, without what an ignore file leaves out. It is read when somebody asks, and each part once. */
export class DirectoryView implements TreeView<DirectoryEntry> {
  readonly root: DirectoryEntry
  readonly #directory: string
  readonly #ignore: PatternMatcher | undefined
  readonly #recall: Recall

  /** `directory`: absolute, without links. */
  constructor(
    directory: string,
    ignore: PatternMatcher | undefined,
    recall: Recall = () => undefined,
  ) {
    this.#directory = directory
    this.#ignore = ignore
    this.#recall = recall
    const stat = statAt(directory)
    if (!stat)
      throw new DockerfileError(`error from sender: open ${directory}: no such file or directory`)
    this.root = this.#node('', stat, undefined, { info: undefined, isOut: false })
  }

  /** Where an entry is on the host, with names as `pathBytes` takes them. */
  hostPath(entry: ViewEntry): string {
    return entry.path === '' ? this.#directory : `${this.#directory}/${entry.path}`
  }

  child(directory: ViewEntry, name: string): DirectoryEntry | undefined {
    const node = directory as Node
    const child = this.#childOf(node, name)
    return child && child !== 'left out' && this.#isVisible(child) ? child : undefined
  }

  children(directory: ViewEntry): readonly DirectoryEntry[] {
    const node = directory as Node
    node.all ??= this.#readAll(node)
    return node.all
  }

  isWhole(directory: ViewEntry): boolean {
    const node = directory as Node
    node.whole ??= this.#findWhole(node)
    return node.whole
  }

  #findWhole(node: Node): boolean {
    let isWhole = true
    for (const child of this.children(node)) {
      if (child.type === 'directory' && !this.isWhole(child)) isWhole = false
    }
    const known = [...(node.known?.values() ?? [])]
    return isWhole && !node.isOut && known.every((child) => child !== 'left out' && !child.isOut)
  }

  #childOf(node: Node, name: string): Node | 'left out' | undefined {
    const known = node.known?.get(name)
    if (known !== undefined || node.all) return known
    const child = this.#read(node, name)
    if (child !== undefined) {
      node.known ??= new Map()
      node.known.set(name, child)
    }
    return child
  }

  #isVisible(node: Node): boolean {
    return !node.isOut || this.children(node).length > 0
  }

  #readAll(node: Node): Node[] {
    const all: Node[] = []
    for (const name of this.#names(node)) {
      const child = this.#childOf(node, name)
      if (child && child !== 'left out' && this.#isVisible(child)) all.push(child)
    }
    return all
  }

  #names(node: Node): string[] {
    const path = this.hostPath(node)
    try {
      return namesIn(path).sort()
    } catch (error) {
      // What is left out may be closed to us, too.
      if (node.isOut && isErrno(error, 'EACCES', 'EPERM')) return []
      throw senderError('open', path, error)
    }
  }

  #read(node: Node, name: string): Node | 'left out' | undefined {
    const path = node.path === '' ? name : `${node.path}/${name}`
    const { matched = false, info } = this.#ignore?.match(path, node.info) ?? {}
    if (matched && !this.#ignore?.mayFree(path)) return 'left out'
    if (Buffer.byteLength(pathBytes(name)) > NAME_MAX) return undefined
    const onHost = `${this.#directory}/${path}`
    const stat = statAt(onHost)
    if (!stat) return undefined
    const kind = Number(stat.mode) & S_IFMT
    // BuildKit passes over sockets.
    if (kind === S_IFSOCK || (matched && kind !== S_IFDIR)) return 'left out'
    const target = kind === S_IFLNK ? targetAt(onHost) : undefined
    return this.#node(path, stat, target, { info, isOut: matched })
  }

  #node(
    path: string,
    stat: BigIntStats,
    target: string | undefined,
    { info, isOut }: Pick<Node, 'info' | 'isOut'>,
  ): Node {
    const mode = Number(stat.mode)
    const identity = target === undefined ? identityOf(stat) : undefined
    const content = identity && this.#recall(identity)
    return {
      path,
      type: TYPES[mode & S_IFMT] ?? 'other',
      target,
      content,
      identity: content ? undefined : identity,
      mode: mode & PERMISSIONS,
      device: stat.rdev,
      info,
      isOut,
      known: undefined,
      all: undefined,
      whole: undefined,
    }
  }
}

function namesIn(path: string): string[] {
  const directory = pathBytes(path)
  const names = readdirSync(directory)
  if (!names.some(isDoubtful)) return names
  return readdirSync(directory, 'buffer').map(decodeName)
}

/** Bytes of a name on Linux. */
const NAME_MAX = 255
/** Of a mode, with set-id bits and the sticky bit. */
export const PERMISSIONS = 0o7777

export const identityOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): FileIdentity => ({
  dev,
  ino,
  size,
  mtime: mtimeNs,
  ctime: ctimeNs,
})

function statAt(path: string): BigIntStats | undefined {
  try {
    return lstatSync(pathBytes(path), { bigint: true, throwIfNoEntry: false })
  } catch (error) {
    if (isErrno(error, 'ENOTDIR', 'ENOENT')) return undefined
    throw senderError('lstat', path, error)
  }
}

function targetAt(path: string): string {
  try {
    return decodeName(readlinkSync(pathBytes(path), 'buffer'))
  } catch (error) {
    throw senderError('readlink', path, error)
  }
}

/** What BuildKit says of a context that cannot be read. What is no error of the system is thrown again. */
export function senderError(call: string, path: string, error: unknown): DockerfileError {
  if (!isSystemError(error)) throw error
  const message = `error from sender: ${call} ${shownName(path)}: ${systemErrorReason(error)}`
  return new DockerfileError(message, undefined, { cause: error })
}
