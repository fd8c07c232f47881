import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pushLayout, startRegistry } from '../helpers/registry.ts'
import type { TestUser } from '../helpers/test-user.ts'
import { exchange, openContestants } from './contestants.ts'
import { Figures } from './figures.ts'
import { IMAGE_COLUMNS, imageCells } from './image-table.ts'
import { makeLargeLayouts } from './large-images.ts'
import { peakOf } from './resident.ts'
import type { World } from './worlds.ts'

/** Where the images come from, and the empty registry that they are pushed to. */
interface Places {
  source: string
  target: string
  /** Empties the target. */
  clear: () => void
}

/** How an engine says it; SOURCE and TARGET are the image in each registry. */
interface Words {
  pull: string
  push?: string
  save?: string
  load?: string
  remove: string
}

const client = (name: string, flags: string): Words => ({
  pull: `${name} pull -q ${flags} SOURCE`,
  push: `${name} push -q ${flags} TARGET`,
  save: `${name} save -o saved.tar SOURCE`,
  load: `${name} load -q -i saved.tar`,
  remove: `${name} rmi SOURCE`,
})

const WORDS: Record<string, Words> = {
  lighter: client('lighter', ''),
  podman: client('podman', '--tls-verify=false'),
  docker: client('docker', ''),
  // It unpacks nothing and has no store: an image layout stands for one.
  skopeo: {
    pull: 'skopeo --insecure-policy copy -q --src-tls-verify=false docker://SOURCE oci:layout:latest',
    push: 'skopeo --insecure-policy copy -q --dest-tls-verify=false oci:layout:latest docker://TARGET',
    save: 'skopeo --insecure-policy copy -q oci:layout:latest docker-archive:saved.tar:SOURCE',
    remove: 'rm -rf layout saved.tar',
  },
}

/**
 * Pull, push, save, load and removal of large images by each engine in turn, `rounds` times, from one registry and to
 * another, both on loopback; Docker Engine's network namespace has servers of its own with the same storage.
 */
export async function measureImages(
  work: string,
  user: TestUser,
  cache: string,
  busybox: string,
  rounds: number,
): Promise<void> {
  const layouts = Object.entries(makeLargeLayouts(cache))
  const contestants = await openContestants(work, user, busybox)
  const worlds: Record<string, World> = { ...contestants, skopeo: contestants.lighter } as never
  const figures = new Figures('ms', 0)
  const registries = await openRegistries(worlds.docker as World)
  try {
    for (const [index, [, layout]] of layouts.entries())
      pushLayout(layout, registries.source, `image-${index}:latest`)
    for (const engine of Object.keys(WORDS)) await empty(worlds[engine] as World, engine)
    for (let round = 0; round < rounds; round++) {
      const { milliseconds } = await contestants.lighter.time('node -e 0')
      figures.add('`node -e 0`, the Node that is carried', 'lighter', milliseconds)
    }
    for (const [index, [title]] of layouts.entries()) {
      for (let round = 0; round < rounds; round++)
        for (const [engine, words] of Object.entries(WORDS)) {
          const world = worlds[engine] as World
          const life = new Life(world, engine, words, registries, `image-${index}:latest`)
          await life.measure(title, figures)
        }
      await measureMemory(
        title,
        `${registries.source}/image-${index}:latest`,
        worlds,
        user,
        figures,
      )
    }
  } finally {
    await registries.stop()
    await contestants.close()
  }
  figures.print(rounds, IMAGE_COLUMNS, imageCells)
}

/** An image with the same layers would make a pull a look-up. */
const EMPTY: Record<string, string> = {
  podman: 'podman rmi -fa >/dev/null 2>&1; true',
  // A bench that was killed left its images.
  docker: `docker images --format '{{.Repository}}:{{.Tag}}' | grep /image- | xargs -r docker rmi -f >/dev/null`,
}
const empty = (world: World, engine: string) =>
  world.run(EMPTY[engine] ?? 'rm -rf layout saved.tar')

/** All that is measured of one image and one engine, in the order in which it can be done. */
class Life {
  readonly #world: World
  readonly #engine: string
  readonly #words: Words
  readonly #places: Places
  readonly #image: string

  constructor(world: World, engine: string, words: Words, places: Places, image: string) {
    this.#world = world
    this.#engine = engine
    this.#words = words
    this.#places = places
    this.#image = image
  }

  #say(words: string): string {
    const { source, target } = this.#places
    return words
      .replaceAll('SOURCE', `${source}/${this.#image}`)
      .replaceAll('TARGET', `${target}/${this.#image}`)
  }

  async measure(title: string, figures: Figures): Promise<void> {
    const time = async (what: string, words: string | undefined) => {
      if (words === undefined) return
      const { code, milliseconds } = await this.#world.time(this.#say(words))
      if (code === 0) figures.add(`${what}: ${title}`, this.#engine, milliseconds)
      else figures.fail(`${what}: ${title}: ${this.#engine} ended with ${code}`)
    }
    const { pull, push, save, load, remove } = this.#words
    await time('cold pull', pull)
    if (this.#engine !== 'skopeo') await time('warm pull', pull)
    await time('save', save)
    await this.#tag('tag SOURCE TARGET')
    this.#places.clear()
    await time('push', push)
    await this.#tag('rmi TARGET')
    await time('rmi', remove)
    if (load === undefined) return
    await time('load', load)
    await this.#world.run(this.#say(`${remove} >/dev/null; rm -f saved.tar`))
  }

  async #tag(words: string): Promise<void> {
    if (this.#engine !== 'skopeo')
      await this.#world.run(this.#say(`${this.#engine} ${words} >/dev/null`))
  }
}

/** What all processes of a cold pull have resident together, at most; Docker Engine's pull is the daemon's. */
async function measureMemory(
  title: string,
  image: string,
  worlds: Record<string, World>,
  user: TestUser,
  figures: Figures,
): Promise<void> {
  const PODMAN_USER = 1500
  for (const [engine, uid] of [
    ['lighter', user.uid],
    ['podman', PODMAN_USER],
    ['skopeo', user.uid],
  ] as const) {
    const world = worlds[engine] as World
    const say = (words = '') => `${words.replaceAll('SOURCE', image)} >/dev/null`
    const peak = await peakOf(uid, () => world.run(say(WORDS[engine]?.pull)))
    figures.add(`resident at most, cold pull: ${title}`, engine, peak / 1024, 'MiB')
    await world.run(say(WORDS[engine]?.remove))
  }
}

async function openRegistries(docker: World): Promise<Places & { stop: () => Promise<void> }> {
  const folder = mkdtempSync(join(exchange, 'bench-registries-'))
  const inside = `/exchange/${folder.slice(exchange.length + 1)}`
  const open = async (name: string) => {
    mkdirSync(join(folder, name))
    const registry = await startRegistry(join(folder, name))
    const pid = await docker.run(
      `sed 's|${folder}|${inside}|' ${inside}/${name}/config.yml >${inside}/${name}/inside.yml
       docker-registry serve ${inside}/${name}/inside.yml >/dev/null 2>&1 & echo $!`,
    )
    return {
      ...registry,
      stop: () => Promise.all([registry.stop(), docker.run(`kill ${pid.trim()}`)]),
    }
  }
  const [source, target] = [await open('source'), await open('target')]
  return {
    source: source.host,
    target: target.host,
    clear: () => rmSync(join(target.storage, 'docker'), { recursive: true, force: true }),
    stop: async () => {
      await Promise.all([source.stop(), target.stop()])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
