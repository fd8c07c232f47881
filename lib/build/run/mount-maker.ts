import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Engine } from '../../engine.ts'
import { makeOpenDirectory } from '../../fs/replace.ts'
import type { SpecMount } from '../../oci/runtime-spec.ts'
import type { StepSource } from '../../runtime/plan.ts'
import type { FileOrigin } from '../files.ts'
import { useCacheMount } from './cache-mounts.ts'
import type { RunMount } from './request.ts'
import { type AgentProxy, forwardAgent } from './ssh-proxy.ts'
import { type StepDriver, treeOver } from './trees.ts'

type Of<T extends RunMount['type']> = Extract<RunMount, { type: T }>

/** Of a file that is read and not run. */
const FILE = ['bind', 'ro', 'nosuid', 'nodev', 'noexec', 'rprivate']
/** The script of a here-document. */
const PROGRAM = FILE.filter((option) => option !== 'noexec')

/** Turns the mounts of a step into what the native program makes of them. All of a source is resolved by it, inside of where it begins. */
export class MountMaker {
  readonly mounts: SpecMount[] = []
  readonly sources: StepSource[] = []
  readonly secrets: Buffer[] = []
  readonly #engine: Engine
  readonly #driver: StepDriver
  readonly #directory: string
  readonly #agents: AgentProxy[] = []

  constructor(engine: Engine, driver: StepDriver, directory: string) {
    this.#engine = engine
    this.#driver = driver
    this.#directory = directory
    mkdirSync(join(directory, 'sources'), { mode: 0o700 })
  }

  close(): void {
    for (const agent of this.#agents) agent.close()
  }

  async add(mount: RunMount): Promise<void> {
    switch (mount.type) {
      case 'bind':
        return this.#bind(mount)
      case 'cache':
        return this.#cache(mount)
      case 'tmpfs':
        return this.#tmpfs(mount)
      case 'secret':
        return this.#secret(mount)
      case 'ssh':
        return await this.#ssh(mount)
    }
  }

  /** A directory of the host that is only read is mounted as it is; all else is an overlay, whose upper directory nobody keeps. */
  #bind({ origin, source, target, writable }: Of<'bind'>): void {
    const place =
      'directory' in origin && !writable ? origin.directory : this.#tree(origin, writable)
    this.#mount(target, place, [
      'rbind',
      'rprivate',
      ...(writable ? [] : ['rro']),
      `lighter-subpath=${source || '/'}`,
    ])
  }

  #cache(mount: Of<'cache'>): void {
    const place = this.#place()
    const directory = useCacheMount(this.#engine.paths.data, mount)
    const fill =
      mount.from === undefined
        ? {}
        : { fill: this.#tree(mount.from, false), fillSubpath: mount.source || '/' }
    const { sharing, uid, gid, mode } = mount
    this.sources.push({ kind: 'cache', place, directory, sharing, ...fill, uid, gid, mode })
    this.#mount(mount.target, place, ['bind', 'rprivate', ...(mount.readOnly ? ['ro'] : [])])
  }

  #tmpfs({ target, size }: Of<'tmpfs'>): void {
    this.mounts.push({
      destination: target,
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'rprivate', ...(size > 0 ? [`size=${size}`] : [])],
    })
  }

  #secret({ content, target, variable, uid, gid, mode }: Of<'secret'>): void {
    const place = target === undefined ? undefined : this.#place()
    this.secrets.push(content)
    this.sources.push({
      kind: 'secret',
      ...(place === undefined ? {} : { place }),
      ...(variable === undefined ? {} : { variable }),
      uid,
      gid,
      mode,
    })
    if (place !== undefined && target !== undefined)
      this.#mount(target, join(place, 'secret'), mode & 0o111 ? PROGRAM : FILE)
  }

  async #ssh({ socket, target, uid, gid, mode }: Of<'ssh'>): Promise<void> {
    const directory = this.#place()
    const agent = await forwardAgent(socket, directory)
    this.#agents.push(agent)
    this.sources.push({ kind: 'socket', place: agent.path, uid, gid, mode })
    this.#mount(target, agent.path, ['bind', 'nosuid', 'nodev', 'noexec', 'rprivate'])
  }

  #tree(origin: FileOrigin, writable: boolean): string {
    const place = this.#place()
    const tree = treeOver(this.#engine, this.#driver, origin, `${place}-tree`)
    this.sources.push({ kind: 'tree', place, tree, writable })
    return place
  }

  /** An empty directory of which only the monitor sees what is mounted on it. */
  #place(): string {
    const place = join(this.#directory, 'sources', String(this.#count++))
    makeOpenDirectory(place)
    return place
  }

  #count = 0

  #mount(destination: string, source: string, options: string[]): void {
    this.mounts.push({ destination, type: 'bind', source, options })
  }
}
