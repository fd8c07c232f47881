import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'
import { Lane } from './lane.ts'
import { normaliseLines } from './normalise.ts'
import { type Answer, PRELUDE, TIME_LIMIT } from './suite.ts'

/**
 * Cases run side by side, each alone in a world: they list and prune all containers that they see. Most of them wait for most of their
 * time; Vitest runs no more than five side by side.
 */
export const MOST = 5
/** Beside other tests. */
const FEW = 3

/** Worlds in which `docker` means something, and `busybox` is the only image. */
export class Lanes {
  readonly #worlds: readonly World[]
  readonly #free: Lane[]
  readonly #waiting: ((lane: Lane) => void)[] = []

  private constructor(worlds: World[]) {
    this.#worlds = worlds
    this.#free = worlds.map((world) => new Lane(world))
  }

  /** `addDocker` puts the command into a world's home, which is first in its PATH. */
  static async open(
    addDocker: (world: World) => void | Promise<void>,
    count = FEW,
  ): Promise<Lanes> {
    const worlds = Array.from({ length: count }, () => makeWorld('peers'))
    await Promise.all(worlds.map((world) => prepare(world, addDocker)))
    return new Lanes(worlds)
  }

  /** For what is the same in all of them. */
  get first(): World {
    const [world] = this.#worlds
    if (!world) throw new Error('There is no world')
    return world
  }

  async close(): Promise<void> {
    await Promise.all(this.#worlds.map((world) => world.remove()))
  }

  /** What a script says in a world that nobody else is in. `name`: what is to blame for what stays. */
  async ask(name: string, script: string): Promise<Answer> {
    const lane =
      this.#free.pop() ?? (await new Promise<Lane>((resolve) => this.#waiting.push(resolve)))
    try {
      const limit = ['-k', '1', String(TIME_LIMIT)]
      const { exitCode, stdout, stderr } = await lane.world.run(
        'timeout',
        [...limit, 'bash', '-c', PRELUDE + script],
        { timeout: (TIME_LIMIT + 10) * 1000 },
      )
      await lane.cleanUp(name)
      return { exitCode, stdout: normaliseLines(stdout), stderr: normaliseLines(stderr) }
    } finally {
      const next = this.#waiting.shift()
      if (next) next(lane)
      else this.#free.push(lane)
    }
  }
}

async function prepare(
  world: World,
  addDocker: (world: World) => void | Promise<void>,
): Promise<void> {
  addVolumePlugin(world)
  world.env.PATH = `${world.home}:${world.env.PATH}`
  const image = `${inject('registry')}/busybox:latest`
  for (const args of [
    ['pull', '-q', image],
    ['tag', image, 'busybox'],
    ['rmi', image],
  ]) {
    const { exitCode, stderr } = await world.lighter(args)
    if (exitCode !== 0) throw new Error(`${args.join(' ')}: ${stderr}`)
  }
  await addDocker(world)
}

/** The command that starts the plugin of the topic `volume-plugins`. */
function addVolumePlugin({ home }: World): void {
  const script = join(home, 'plugin.mjs')
  copyFileSync(new URL('../fixtures/volume-plugin/plugin.mjs', import.meta.url), script)
  const command = `#!/bin/sh\nexec ${process.execPath} ${script} "$@"\n`
  writeFileSync(join(home, 'volume-plugin'), command, { mode: 0o755 })
}
