import { setTimeout as delay } from 'node:timers/promises'
import { containerDirectory } from '../../lib/container/catalog.ts'
import { findState } from '../../lib/container/state.ts'
import type { JournalEvent } from '../../lib/events/event.ts'

/** Milliseconds between two looks, and after which a death is told whatever the state says: disks may be slow. */
const STEP = 5
const LONGEST = 5_000

/**
 * Returns once a container's state says what the event tells: that it died. The journal has it first, and Compose 2.40
 * waits for ever for a container that it then sees running.
 */
export async function deathIsKnown(
  data: string,
  { Actor, time }: JournalEvent,
  signal: AbortSignal,
): Promise<void> {
  const directory = containerDirectory(data, Actor.ID)
  const milliseconds = Number(time / 1_000_000n)
  const end = Date.now() + LONGEST
  while (!signal.aborted && Date.now() < end && runsSince(directory, milliseconds)) {
    await delay(STEP)
  }
}

/** Whether it is still the run that began before that instant. */
function runsSince(directory: string, milliseconds: number): boolean {
  const state = findState(directory)
  return state?.status === 'running' && Date.parse(state.startedAt) <= milliseconds
}
