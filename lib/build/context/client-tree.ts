import { posix } from 'node:path'
import type { Engine } from '../../engine.ts'
import type { BuildClient } from '../client.ts'
import type { FileTree, Selected, Selection } from '../files.ts'
import { attributeReader } from './attributes.ts'
import { openDirectory } from './directory.ts'

/** A client's directory, and where its files go. */
export interface ClientDirectory {
  name: string
  /** A directory of ours, empty at first. */
  into: string
  exclude: readonly string[]
}

/**
 * A directory of a client's as a tree to copy from. What somebody asks for is fetched first, with all that is asked for at the same time,
 * and nothing else is. Throws `DockerfileError`, and what the client has against it.
 */
export function openClientTree(
  engine: Engine,
  client: BuildClient,
  directory: ClientDirectory,
  signal: AbortSignal | undefined,
): FileTree {
  return new ClientTree(engine, client, directory, signal)
}

class ClientTree implements FileTree {
  readonly origin: { directory: string }
  readonly #engine: Engine
  readonly #client: BuildClient
  readonly #directory: ClientDirectory
  readonly #signal: AbortSignal | undefined
  /** Paths that are here; `''`: all. */
  readonly #here = new Set<string>()
  readonly #wanted = new Set<string>()
  #copying: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined
  #tree: FileTree | undefined
  #bytesRead = 0

  constructor(
    engine: Engine,
    client: BuildClient,
    directory: ClientDirectory,
    signal: AbortSignal | undefined,
  ) {
    this.origin = { directory: directory.into }
    this.#engine = engine
    this.#client = client
    this.#directory = directory
    this.#signal = signal
  }

  get bytesRead(): number {
    return this.#bytesRead
  }

  async digest(selection: Selection): Promise<string> {
    return await (await this.#with(selection.patterns)).digest(selection)
  }

  async select(selection: Selection): Promise<Selected[]> {
    return await (await this.#with(selection.patterns)).select(selection)
  }

  async isUnchanged(selection: Selection): Promise<boolean> {
    return await (await this.#with(selection.patterns)).isUnchanged(selection)
  }

  async readFile(path: string, limit: number): Promise<Buffer | undefined> {
    return await (await this.#with([path])).readFile(path, limit)
  }

  /** The tree, once the paths of these patterns are in it. */
  async #with(patterns: readonly string[]): Promise<FileTree> {
    const missing = patterns.map(pathOf).filter((path) => !this.#isHere(path))
    if (missing.length > 0) {
      for (const path of missing) this.#wanted.add(path)
      this.#next ??= this.#copying.catch(() => undefined).then(() => this.#copy())
      await this.#next
    }
    // What was read of the directory before a copy says nothing of it any more.
    const { into } = this.#directory
    const attributes = attributeReader(this.#engine)
    this.#tree ??= openDirectory(into, {
      data: undefined,
      ignored: [],
      attributes,
      signal: this.#signal,
    })
    return this.#tree
  }

  #isHere(path: string): boolean {
    return this.#here.has('') || this.#here.has(path)
  }

  #copy(): Promise<void> {
    // What was asked for while it came is here by now.
    const paths = [...this.#wanted].filter((path) => !this.#isHere(path))
    this.#wanted.clear()
    this.#next = undefined
    if (paths.length === 0) return Promise.resolve()
    this.#tree = undefined
    this.#copying = this.#client
      .copy({
        ...this.#directory,
        paths: paths.includes('') ? [] : paths,
        onBytes: (count) => {
          this.#bytesRead += count
        },
        signal: this.#signal,
      })
      .then(() => {
        for (const path of paths) this.#here.add(path)
      })
    return this.#copying
  }
}

/** What a client understands as Docker's patterns are understood: stars and question marks within a name. */
const PLAIN = /^[^[\]\\{}!^]*$/

/** What has to be here for a pattern; `''`: all there is. */
function pathOf(pattern: string): string {
  const path = posix.join('/', pattern).replace(/\/$/, '').slice(1)
  return PLAIN.test(path) && !path.includes('**') ? path : ''
}
