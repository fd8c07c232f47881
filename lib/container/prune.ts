import { matchesLabels } from '../core/labels.ts'
import type { Engine } from '../engine.ts'
import { type EventType, recordEvent } from '../events/journal.ts'
import { isAlive } from '../host/process.ts'
import { type ContainerWithState, listContainers } from './catalog.ts'
import { isOthersDoing, removeContainer } from './remove.ts'
import { measureContainers } from './size.ts'

/** What a pruning is limited to. */
export interface PruneFilter {
  /** Nanoseconds since 1970: what was made later stays. */
  until: bigint | undefined
  /** All of these must be there. */
  labels: readonly string[]
  /** Where all of these are there the object stays. */
  notLabels: readonly string[]
}

export interface Pruned {
  deleted: string[]
  /** Bytes. */
  reclaimed: number
}

/** Whether a filter lets an object go. */
export function isPrunable(
  filter: PruneFilter,
  createdAt: string,
  labels: Readonly<Record<string, string>>,
): boolean {
  if (filter.until !== undefined && !isBefore(createdAt, filter.until)) return false
  if (filter.notLabels.length > 0 && matchesLabels(filter.notLabels, labels)) return false
  return matchesLabels(filter.labels, labels)
}

/** An image may not say when it was made: then it is not known to be old enough. */
function isBefore(createdAt: string, until: bigint): boolean {
  const created = Date.parse(createdAt)
  return !Number.isNaN(created) && BigInt(created) * 1_000_000n <= until
}

/** Removes the containers that do not run; one that somebody is about to start stays. */
export async function pruneContainers(engine: Engine, filter: PruneFilter): Promise<Pruned> {
  const { data } = engine.paths
  const doomed = listContainers(data).filter(
    (container) =>
      isIdle(container) &&
      isPrunable(filter, container.record.createdAt, container.record.config.labels),
  )
  const sizes = doomed.length > 0 ? await measureContainers(engine, doomed) : []
  let reclaimed = 0
  const deleted: string[] = []
  for (const [index, container] of doomed.entries()) {
    try {
      await removeContainer(engine, container, { force: false, volumes: false })
    } catch (error) {
      if (isOthersDoing(error)) continue
      throw error
    }
    deleted.push(container.record.id)
    reclaimed += sizes[index]?.own ?? 0
  }
  recordPrune(data, 'container', reclaimed)
  return { deleted, reclaimed }
}

/** Records that all unused objects of a kind were removed, and how many bytes that gave back. */
export function recordPrune(data: string, type: EventType, reclaimed: number): void {
  const attributes = { reclaimed: String(reclaimed) }
  recordEvent(data, { type, action: 'prune', id: '', attributes })
}

function isIdle({ record, state }: ContainerWithState): boolean {
  if (state.status === 'created') return !record.starter || !isAlive(record.starter)
  return state.status === 'exited'
}
