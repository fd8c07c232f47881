import type { Engine } from '../engine.ts'
import { isAlive } from '../host/process.ts'
import { type ContainerWithState, readContainer } from './catalog.ts'
import { findNameOwner } from './names.ts'
import { isOthersDoing, removeContainer } from './remove.ts'
import { readState } from './state.ts'

/**
 * Whether a container of `--rm` has outlived who should have removed it: it ended and its monitor did not live to remove
 * it, or who was about to start it died before.
 */
export function isAbandoned({ record, state }: ContainerWithState): boolean {
  if (!record.host.autoRemove) return false
  if (state.status === 'created') return record.starter !== undefined && !isAlive(record.starter)
  return state.status === 'exited'
}

/** The abandoned container that has a name. */
export function findAbandoned(data: string, name: string): ContainerWithState | undefined {
  const id = findNameOwner(data, name)
  const container = id === undefined ? undefined : readContainer(data, id)
  if (!container) return undefined
  const found = { ...container, state: readState(container.directory) }
  return isAbandoned(found) ? found : undefined
}

/** Removes abandoned containers; whoever else does it at the same time is no hindrance. */
export async function collectAbandoned(
  engine: Engine,
  containers: readonly ContainerWithState[],
): Promise<void> {
  for (const container of containers) {
    await removeContainer(engine, container, { force: false, volumes: true }).catch(
      (error: unknown) => {
        if (!isOthersDoing(error)) throw error
      },
    )
  }
}
