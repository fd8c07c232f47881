import { realpathSync } from 'node:fs'
import { readBeneath } from '../../fs/beneath.ts'
import type { FileTree, Selected, Selection } from '../files.ts'
import { digestFiles } from './contents.ts'
import { describeEntry, digestSelected, expandSelected } from './digest.ts'
import { type DirectoryEntry, DirectoryView } from './directory-view.ts'
import { ignoreMatcher } from './ignore.ts'
import { ContentMemory, memoryPath } from './memory.ts'
import { lookUp } from './patterns.ts'
import { cleanSource, follow } from './view.ts'

/** Finds SHA-256 of the extended attributes of entries, in their order; `''` for those without any. */
export type AttributeReader = (
  directory: string,
  paths: readonly string[],
) => Promise<readonly string[]>

export interface DirectoryOptions {
  /** The data directory: what files were found to have is remembered there. `undefined`: nowhere. */
  data: string | undefined
  /** Of an ignore file. */
  ignored: readonly string[]
  /** Without it attributes count for nothing. */
  attributes: AttributeReader | undefined
  /** Ends the reading of contents. */
  signal?: AbortSignal | undefined
}

/**
 * A directory of the host as a tree to copy from. It is read when somebody asks for something in it, and only there, once. Owners count
 * for nothing: all files become those of 0:0. Throws `DockerfileError`.
 */
export function openDirectory(directory: string, options: DirectoryOptions): FileTree {
  return new DirectoryTree(realpathSync(directory), options)
}

class DirectoryTree implements FileTree {
  readonly origin: { directory: string }
  readonly #options: DirectoryOptions
  readonly #memory: ContentMemory
  readonly #digests = new Map<string, Promise<string>>()
  readonly #view: DirectoryView
  /** Contents are found for one selection after the other: they have files in common. */
  #work: Promise<unknown> = Promise.resolve()
  #bytesRead = 0

  constructor(directory: string, options: DirectoryOptions, memory?: ContentMemory) {
    const { data, ignored } = options
    this.origin = { directory }
    this.#options = options
    this.#memory = memory ?? new ContentMemory(data && memoryPath(data, directory))
    this.#view = new DirectoryView(
      directory,
      ignored.length > 0 ? ignoreMatcher(ignored) : undefined,
      (identity) => this.#memory.find(identity),
    )
  }

  get bytesRead(): number {
    return this.#bytesRead
  }

  async select(selection: Selection): Promise<Selected[]> {
    return lookUp(this.#view, selection)
  }

  digest(selection: Selection): Promise<string> {
    const key = JSON.stringify(selection)
    let digest = this.#digests.get(key)
    if (!digest) {
      digest = this.#work.then(() => this.#findDigest(selection))
      this.#work = digest.catch(() => undefined)
      this.#digests.set(key, digest)
    }
    return digest
  }

  async isUnchanged(selection: Selection): Promise<boolean> {
    const again = new DirectoryTree(this.origin.directory, this.#options, this.#memory)
    const digests = [this.digest(selection), again.digest(selection).catch(() => '')]
    const [before, now] = await Promise.all(digests)
    return before === now
  }

  async readFile(path: string, limit: number): Promise<Buffer | undefined> {
    const { entry } = follow(this.#view, cleanSource(path))
    if (entry?.type !== 'file') return undefined
    return readBeneath(this.origin.directory, entry.path.split('/'), limit)
  }

  async #findDigest(selection: Selection): Promise<string> {
    const sources = lookUp(this.#view, selection).map((selected) => ({
      selected,
      entries: expandSelected(this.#view, selected),
    }))
    await this.#findContents(sources.flatMap(({ entries }) => entries))
    return digestSelected(sources, (entry) => this.#describe(entry))
  }

  /** Of those that are not known. */
  async #findContents(entries: readonly DirectoryEntry[]): Promise<void> {
    const unknown = entries.filter(
      ({ type, content }) => !content && (type === 'file' || type === 'directory'),
    )
    if (unknown.length === 0) return
    const now = BigInt(Date.now()) * 1_000_000n
    const files = unknown.filter(({ type }) => type === 'file')
    const reading = this.#readAttributes(unknown)
    // Why a file cannot be read is told best by whoever wanted its bytes.
    reading.catch(() => undefined)
    const onRead = (bytes: number): void => {
      this.#bytesRead += bytes
    }
    const digests = await digestFiles(this.#view, files, onRead, this.#options.signal)
    const attributes = await reading
    const byFile = new Map(files.map((file, index) => [file, digests[index] ?? '']))
    for (const [index, entry] of unknown.entries()) {
      const content = { digest: byFile.get(entry) ?? '', attributes: attributes[index] ?? '' }
      if (entry.identity) this.#memory.add(entry.identity, content, now)
      entry.content = content
      // There may be very many of them, and it is needed no more.
      entry.identity = undefined
    }
    this.#memory.save()
  }

  async #readAttributes(entries: readonly DirectoryEntry[]): Promise<readonly string[]> {
    const { attributes } = this.#options
    if (!attributes) return []
    const paths = entries.map(({ path }) => path)
    return await attributes(this.origin.directory, paths)
  }

  #describe(entry: DirectoryEntry): string {
    const { type, mode, target, device, content } = entry
    const { digest = '', attributes = '' } = content ?? {}
    const what = type === 'file' ? digest : type === 'other' ? String(device) : target
    return describeEntry({ type, mode, uid: 0, gid: 0, content: what, attributes })
  }
}
