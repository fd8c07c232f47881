import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { inject, test as plainTest } from 'vitest'
import { type Front, type Intercept, startFront } from './front.ts'
import { makeWorld, type World } from './world.ts'

/** A world, and what stands between it and registries. */
export class PullPlace {
  readonly world: World
  #fronts: Front[] = []

  constructor(name: string) {
    this.world = makeWorld(name)
  }

  /** Starts a front before a registry: that of the test images, unless another is named. */
  async open(intercept: Intercept, host = inject('registry')): Promise<Front> {
    const front = await startFront(host, intercept)
    this.#fronts.push(front)
    return front
  }

  /** What a directory of the store has. */
  list(folder: string): string[] {
    const path = join(this.world.data, folder)
    return existsSync(path) ? readdirSync(path).sort() : []
  }

  async remove(): Promise<void> {
    for (const front of this.#fronts) await front.stop()
    await this.world.remove()
  }
}

/** Tests that have a place of their own, `at`: most of their time goes by between one try and the next, so that they can be tried beside others. */
export const testAt = <Place extends PullPlace>(makePlace: () => Place) =>
  plainTest.extend<{ at: Place }>({
    // biome-ignore lint/correctness/noEmptyPattern: this is how a fixture says that it needs none
    at: async ({}, use) => {
      const at = makePlace()
      await use(at)
      await at.remove()
    },
  })
