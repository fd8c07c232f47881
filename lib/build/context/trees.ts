import { closeSync, mkdirSync, openSync, readSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { LighterError } from '../../core/errors.ts'
import type { Engine } from '../../engine.ts'
import { makeDraft } from '../../fs/drafts.ts'
import { ownIdentity } from '../../host/process.ts'
import type { FileTree } from '../files.ts'
import { openArchive } from './archive.ts'
import { HEAD, isArchive } from './archive-kind.ts'
import { attributeReader } from './attributes.ts'
import { openDirectory } from './directory.ts'
import { fetchGit, type GitOptions } from './git.ts'
import type { GitAddress } from './git-address.ts'
import { readIgnoreFile } from './ignore.ts'
import { realPath } from './inside.ts'
import type { FetchedFile, UrlOptions } from './remote.ts'

/** Files to copy from; they are there until they are released. */
export interface OpenedTree {
  tree: FileTree
  release(): Promise<void>
}

/** What a URL without a name is called. */
const UNNAMED = '__unnamed__'

/** The name that a file of a URL gets. */
export function nameOfUrl(url: string): string {
  const path = URL.parse(url)?.pathname.replace(/\/+$/, '') ?? ''
  const name = decode(path.slice(path.lastIndexOf('/') + 1))
  return name === '' || name === '.' || name === '..' || /[/\0]/.test(name) ? UNNAMED : name
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** A directory of the host with its own ignore file, as a named context. Throws `usage`, `DockerfileError`. */
export function openNamedDirectory(
  engine: Engine,
  name: string,
  path: string,
  signal?: AbortSignal,
): OpenedTree {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) {
    const message = `failed to get build context ${name}: stat ${path}: no such file or directory`
    throw new LighterError('usage', message)
  }
  const directory = realPath(path) ?? path
  if (!stat.isDirectory())
    throw new LighterError('usage', `failed to get build context path ${path}: not a directory`)
  const ignored = readIgnoreFile(directory, undefined)?.patterns ?? []
  return openHostTree(engine, directory, ignored, signal)
}

/** A directory of the host; what its files were found to have is remembered. */
export function openHostTree(
  engine: Engine,
  directory: string,
  ignored: readonly string[],
  signal?: AbortSignal,
): OpenedTree {
  const attributes = attributeReader(engine)
  const tree = openDirectory(directory, { data: engine.paths.data, ignored, attributes, signal })
  return { tree, release: async () => undefined }
}

/** A tree without any files. */
export function openNothing(engine: Engine): OpenedTree {
  const draft = makeDraft(engine.paths.data, ownIdentity())
  const directory = join(draft, 'files')
  mkdirSync(directory, { mode: 0o755 })
  const release = () => rmSync(draft, { recursive: true, force: true })
  return draftTree(engine, { directory, release, signal: undefined })
}

/** A repository of git. Throws `build`, `host-setup`. */
export async function openGit(
  engine: Engine,
  address: GitAddress,
  options: GitOptions,
): Promise<OpenedTree & { commit: string }> {
  const { directory, commit, release } = await fetchGit(engine, address, options)
  return { ...draftTree(engine, { directory, release, signal: options.signal }), commit }
}

/** A file of a URL, alone under its name. Throws `build`, `no-space`. */
export async function openUrl(
  engine: Engine,
  url: string,
  options: UrlOptions,
): Promise<OpenedTree & FetchedTree> {
  const { fetchUrl } = await import('./remote.ts')
  const file = await fetchUrl(engine, url, options)
  const { directory, release } = file
  return { ...draftTree(engine, { directory, release, signal: options.signal }), file }
}

export interface FetchedTree {
  file: FetchedFile
}

/** A URL as a context: the files of an archive, else the file alone. Throws `build`, `no-space`. */
export async function openUrlContext(
  engine: Engine,
  url: string,
  signal: AbortSignal | undefined,
): Promise<OpenedTree & FetchedTree & { isArchive: boolean }> {
  const options = { name: nameOfUrl(url), checksum: undefined, signal }
  const opened = await openUrl(engine, url, options)
  if (!isArchive(headOf(opened.file.path))) return { ...opened, isArchive: false }
  try {
    const archive = await openArchive(engine, opened.file.path, signal)
    return { ...archive, file: opened.file, isArchive: true }
  } finally {
    await opened.release()
  }
}

/** Files that were fetched for this build. */
interface DraftTree {
  directory: string
  release(): void
  signal: AbortSignal | undefined
}

function draftTree(engine: Engine, { directory, release, signal }: DraftTree): OpenedTree {
  const attributes = attributeReader(engine)
  const tree = openDirectory(directory, { data: undefined, ignored: [], attributes, signal })
  return { tree, release: async () => release() }
}

function headOf(path: string): Buffer {
  const fd = openSync(path, 'r')
  try {
    const head = Buffer.alloc(HEAD)
    return head.subarray(0, readSync(fd, head, 0, HEAD, 0))
  } finally {
    closeSync(fd)
  }
}
