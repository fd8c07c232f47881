import { existsSync } from 'node:fs'
import { LighterError } from '../core/errors.ts'
import type { Engine } from '../engine.ts'
import { type ContainerWithState, findContainer, listContainers, listUnended } from './catalog.ts'
import { isAbandoned, isUp } from './condition.ts'
import type { ContainerFilters } from './filter.ts'

export interface ListOptions {
  /** Those that do not run, too. */
  all: boolean
  /** So many of the newest, running or not; 0 or less: no limit. */
  last: number
  filters: ContainerFilters
  /** Told of each that cannot be shown. */
  onDamaged?: ((error: LighterError) => void) | undefined
}

/** The containers that `ps` shows, the newest first. What a crash kept from being removed is removed now. Throws `bad-input`. */
export async function chooseContainers(
  engine: Engine,
  { all, last, filters, onDamaged }: ListOptions,
): Promise<ContainerWithState[]> {
  let stoppedToo = all || last > 0
  // `before` and `since` may name one that ended.
  let found = await listLiving(engine, stoppedToo || filters.size > 0, onDamaged)
  if (filters.size > 0) {
    const { asksForStopped, filterContainers } = await import('./filter.ts')
    stoppedToo ||= asksForStopped(filters)
    const imageId = filters.has('ancestor') ? await imageFinder(engine) : () => undefined
    const find = (text: string) => findContainer(engine.paths.data, text, { asWritten: true })
    found = filterContainers(found, filters, { find, imageId })
  }
  const shown = stoppedToo ? found : found.filter(isUp)
  return last > 0 ? shown.slice(0, last) : shown
}

async function listLiving(
  engine: Engine,
  endedToo: boolean,
  onDamaged: ListOptions['onDamaged'],
): Promise<ContainerWithState[]> {
  const { data } = engine.paths
  const all = endedToo ? listContainers(data, onDamaged) : listUnended(data)
  const abandoned = all.filter(isAbandoned)
  await releaseOrphans(data)
  if (abandoned.length === 0) return all
  const { collectAbandoned } = await import('./abandoned.ts')
  await collectAbandoned(engine, abandoned)
  return all.filter((container) => !abandoned.includes(container))
}

/** What monitors that were killed did not tell plugins of volumes. */
async function releaseOrphans(data: string): Promise<void> {
  if (!existsSync(`${data}/volume-mounts`)) return
  const { releaseOrphanedMounts } = await import('./volume-mounts.ts')
  await releaseOrphanedMounts(data)
}

/** Images by name; what cannot be a name is the name of nothing. */
async function imageFinder(engine: Engine): Promise<(text: string) => string | undefined> {
  const { findImage } = await import('../image/find.ts')
  return (text) => {
    try {
      return findImage(engine, text)?.id
    } catch (error) {
      if (error instanceof LighterError) return undefined
      throw error
    }
  }
}
