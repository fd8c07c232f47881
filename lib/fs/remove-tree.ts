import { readdirSync, rmdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { isErrno } from '../core/errors.ts'

/** Milliseconds of removing, after which others who wait for this process have their turn. */
const TURN = 10

/**
 * Removes a directory with all that is in it; nothing where there is none. Node's own begins with everything at once: a tree of tens of
 * thousands of files then takes as many requests in memory. Throws errors of the system.
 */
export async function removeTree(path: string): Promise<void> {
  const clock = { turn: performance.now() }
  await removeDirectory(path, clock)
}

async function removeDirectory(path: string, clock: { turn: number }): Promise<void> {
  try {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const place = join(path, entry.name)
      if (entry.isDirectory()) await removeDirectory(place, clock)
      else unlinkSync(place)
      if (performance.now() - clock.turn < TURN) continue
      await nextTurn()
      clock.turn = performance.now()
    }
    rmdirSync(path)
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error
  }
}
