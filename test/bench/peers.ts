import type { Contestants } from './contestants.ts'
import type { Contender } from './statistics.ts'

/** Says the same words to all engines; `IMAGE` stands for busybox. */
export class Peers {
  readonly contestants: Contestants
  readonly #image: string

  constructor(contestants: Contestants, image: string) {
    this.contestants = contestants
    this.#image = image
  }

  get #engines() {
    const { lighter, podman, docker, dockerImage } = this.contestants
    return [
      { name: 'lighter', world: lighter, image: this.#image },
      { name: 'podman', world: podman, image: this.#image },
      { name: 'docker', world: docker, image: dockerImage },
    ]
  }

  /** `reset` undoes the words, not timed. */
  contenders(words: string, reset?: string): Contender[] {
    return this.#engines.map(({ name, world, image }) => {
      const say = (text: string) => `${name} ${text.replaceAll('IMAGE', image)}`
      return {
        name,
        run: () => world.time(say(words)),
        ...(reset === undefined ? {} : { reset: () => world.run(say(reset)) }),
      }
    })
  }

  /** A shell script for each, in which `ENGINE` stands for its name; it must succeed. */
  async each(script: string): Promise<void> {
    for (const { name, world, image } of this.#engines)
      await world.run(
        `{ ${script.replaceAll('ENGINE', name).replaceAll('IMAGE', image)}\n} >/dev/null`,
      )
  }
}
