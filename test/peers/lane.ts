import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { World } from '../helpers/world.ts'
import { cleanUp, type Kind, WHAT_IS_LEFT } from './suite.ts'

/** What a case may leave in a data directory, and whose it is; the rest goes with others or by itself. */
const FOLDERS: Record<string, Kind | undefined> = {
  containers: 'container',
  names: 'container',
  networks: 'network',
  volumes: 'volume',
  'volume-mounts': 'volume',
  refs: 'image',
  'blobs/sha256': 'image',
  layers: 'image',
  downloads: undefined,
  tmp: undefined,
  trash: undefined,
}
/** Seconds that a monitor may take on a busy machine. */
const PATIENCE = 20

/** A world in which one case after the other finds what the first one found. */
export class Lane {
  readonly world: World
  #before: Set<string>

  constructor(world: World) {
    this.world = world
    this.#before = new Set(contentOf(world))
  }

  /** Removes what a case left, and fails when something stays: the next case would see it. */
  async cleanUp(name: string): Promise<void> {
    const changes = this.#changes()
    if (changes.length === 0) return
    // Only what is needed: the commands for everything would take longer than most cases.
    await this.world.run('bash', ['-c', cleanUp(this.#kindsOf(changes))])
    for (let attempt = 0; attempt < PATIENCE * 50; attempt++) {
      if (this.#changes().length === 0) return
      await sleep(20)
    }
    const { stdout } = await this.world.run('bash', ['-c', WHAT_IS_LEFT])
    const left = this.#changes().join('\n')
    // The next case is not to blame.
    this.#before = new Set(contentOf(this.world))
    throw new Error(`${name}: left behind:\n${left}\n${stdout}`)
  }

  #kindsOf(changes: readonly string[]): Set<Kind> {
    const { data, runtime } = this.world
    const places = Object.entries(FOLDERS).map(
      ([folder, kind]) => [join(data, folder), kind] as const,
    )
    const all = [...places, [runtime, 'plugin'] as const]
    const kinds = all.filter(([place]) => changes.some((path) => path.includes(`${place}/`)))
    return new Set(kinds.flatMap(([, kind]) => kind ?? []))
  }

  /** Looks at files, since commands take longer. */
  #changes(): string[] {
    const now = new Set(contentOf(this.world))
    return [
      ...[...now].filter((path) => !this.#before.has(path)),
      ...[...this.#before].filter((path) => !now.has(path)).map((path) => `no ${path}`),
    ]
  }
}

function contentOf({ home, runtime, data }: World): string[] {
  const places = [home, runtime, ...Object.keys(FOLDERS).map((folder) => join(data, folder))]
  return places
    .flatMap((place) =>
      existsSync(place) ? readdirSync(place).map((name) => join(place, name)) : [],
    )
    .filter((path) => path !== join(data, 'networks/lock'))
}
