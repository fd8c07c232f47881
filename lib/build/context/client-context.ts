import { mkdirSync } from 'node:fs'
import { join, posix } from 'node:path'
import type { Engine } from '../../engine.ts'
import { makeDraft } from '../../fs/drafts.ts'
import { removeTree } from '../../fs/remove-tree.ts'
import { ownIdentity } from '../../host/process.ts'
import type { BuildClient } from '../client.ts'
import { openClientTree } from './client-tree.ts'
import { DOCKERFILE, type FoundDockerfile, readHostDockerfile } from './dockerfile.ts'
import { IGNORE_FILE, type IgnoreFile, readIgnoreFile } from './ignore.ts'
import type { OpenedTree } from './trees.ts'

type Names = NonNullable<BuildClient['directories']>

/** A context that a client has: its Dockerfile and its ignore file are fetched at once, other files when a step wants them. */
export class ClientContext {
  readonly #engine: Engine
  readonly #client: BuildClient
  readonly #names: Names
  readonly #signal: AbortSignal | undefined
  readonly #draft: string

  constructor(engine: Engine, client: BuildClient, names: Names, signal: AbortSignal | undefined) {
    this.#engine = engine
    this.#client = client
    this.#names = names
    this.#signal = signal
    this.#draft = makeDraft(engine.paths.data, ownIdentity())
  }

  /** Not at once: there may be many files, and others who wait for this process. */
  async release(): Promise<void> {
    await removeTree(this.#draft)
  }

  /** `file`: a path in the client's directory; `undefined`: the usual one. Throws `DockerfileError`. */
  async readDockerfile(file: string | undefined): Promise<FoundDockerfile> {
    const path = file ?? DOCKERFILE
    const small = posix.join(posix.dirname(path), posix.basename(path).toLowerCase())
    const paths = [path, `${path}${IGNORE_FILE}`, ...(file === undefined ? [small] : [])]
    const directory = await this.#fetch('dockerfile', this.#names.dockerfile, paths)
    return readHostDockerfile(directory, file === undefined ? undefined : join(directory, file))
  }

  /** The one that counts for this Dockerfile. Throws `DockerfileError`. */
  async readIgnoreFile({ place }: FoundDockerfile): Promise<IgnoreFile | undefined> {
    const directory = await this.#fetch('ignore', this.#names.context, [IGNORE_FILE])
    return readIgnoreFile(directory, place)
  }

  /** The files, without those that an ignore file leaves out. */
  open(exclude: readonly string[]): OpenedTree {
    const directory = { name: this.#names.context, into: this.#make('context'), exclude }
    return {
      tree: openClientTree(this.#engine, this.#client, directory, this.#signal),
      release: () => this.release(),
    }
  }

  async #fetch(place: string, name: string, paths: readonly string[]): Promise<string> {
    const into = this.#make(place)
    const wanted = { name, into, paths, exclude: [], onBytes: () => undefined }
    await this.#client.copy({ ...wanted, signal: this.#signal })
    return into
  }

  #make(name: string): string {
    const path = join(this.#draft, name)
    mkdirSync(path, { mode: 0o755 })
    return path
  }
}
