import type { Engine } from '../engine.ts'
import { type ContainerWithState, listUnended, readContainer, withState } from './catalog.ts'
import { isAbandoned } from './condition.ts'
import { findNameOwner } from './names.ts'
import { isOthersDoing, removeContainer } from './remove.ts'

/** The abandoned container that has a name. */
export function findAbandoned(data: string, name: string): ContainerWithState | undefined {
  const id = findNameOwner(data, name)
  const container = id === undefined ? undefined : readContainer(data, id)
  const found = container && withState(container)
  return found && isAbandoned(found) ? found : undefined
}

/** Removes the containers that are abandoned: they hold images and volumes. */
export const sweepAbandoned = (engine: Engine): Promise<void> =>
  collectAbandoned(engine, listUnended(engine.paths.data).filter(isAbandoned))

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
