import type { Sample } from './worlds.ts'

/** The middle value; the mean of the two middle ones for an even count. NaN for none. */
export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** One way to do a piece of work. */
export interface Contender {
  name: string
  /** Does the work once, timed. */
  run: () => Promise<Sample>
  /** Undoes it, not timed. */
  reset?: () => Promise<unknown>
}

export interface Measured {
  name: string
  median: number
  failures: number
}

/**
 * Runs the contenders in turn, `rounds` times, so that a slow moment of the machine falls on all of them.
 * The first round warms caches and is not counted.
 */
export async function compare(contenders: Contender[], rounds: number): Promise<Measured[]> {
  const samples = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const contender of contenders) {
      const sample = await contender.run()
      await contender.reset?.()
      if (round > 0) samples.get(contender.name)?.push(sample)
    }
  }
  return contenders.map(({ name }) => {
    const taken = samples.get(name) ?? []
    return {
      name,
      median: median(taken.map(({ milliseconds }) => milliseconds)),
      failures: taken.filter(({ code }) => code !== 0).length,
    }
  })
}
