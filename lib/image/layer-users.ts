import { join } from 'node:path'
import type { Engine } from '../engine.ts'
import { bootId } from '../fs/boot-id.ts'
import { type Draft, listDrafts, listNames } from '../fs/drafts.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'
import { isAlive, type ProcessIdentity } from '../host/process.ts'
import { hasReaders } from '../runtime/userns.ts'

const MAX_RECORD = 16 * 1024 * 1024
/** How long a container may take to start or to end before it counts as one that runs. */
const PATIENCE = 5_000

/** What keeps a layer's tree from being replaced or removed. */
export interface LayerUser {
  /** Of the container. */
  id: string
  /** `unknown`: its record cannot be read, so that it may stand on any layer. */
  how: 'runs' | 'is-made' | 'unknown'
}

/** A container that stands on a layer, or may. */
interface Standing {
  id: string
  known: boolean
  /** As its state says; `undefined` where that says nothing. */
  live: boolean | undefined
}

/**
 * The container that runs on a layer, is just being made on it, or runs and does not say on what. Of one whose record or state cannot
 * be read its lock tells whether it runs.
 */
export async function findLayerUser(engine: Engine, layer: string): Promise<LayerUser | undefined> {
  const { data } = engine.paths
  const certain = findLiveUser(data, layer)
  if (certain) return certain
  for (const { id, known, live } of listStanding(data, layer)) {
    if (known && live !== undefined) continue
    if (await runsAfterAll(engine, id)) return { id, how: known ? 'runs' : 'unknown' }
  }
  return undefined
}

/** The same, of what can be told at a glance. */
export function findLiveUser(data: string, layer: string): LayerUser | undefined {
  const one = listStanding(data, layer).find(({ live }) => live)
  if (one) return { id: one.id, how: one.known ? 'runs' : 'unknown' }
  const draft = findDraft(data, layer)
  return draft && { id: '', how: 'is-made' }
}

/**
 * Whether anybody may have mounted the tree that had the name of a layer until a moment ago. A container that was just starting may:
 * each one that stands on the layer is held until its state says whether it runs.
 */
export async function mayBeMounted(engine: Engine, layer: string): Promise<boolean> {
  const { data } = engine.paths
  const namespace = { program: engine.native().program, idMap: engine.idMap() }
  if (findDraft(data, layer) || (await hasReaders(namespace, join(data, 'layers')))) return true
  for (const { id } of listStanding(data, layer)) {
    if (await runsAfterAll(engine, id)) return true
  }
  return false
}

function listStanding(data: string, layer: string): Standing[] {
  return listNames(join(data, 'containers')).flatMap((id) => {
    const directory = join(data, 'containers', id)
    const layers = readLayers(directory)
    if (layers && !layers.includes(layer)) return []
    return [{ id, known: layers !== undefined, live: readLive(directory) }]
  })
}

/** A container that is being made on a layer. */
const findDraft = (data: string, layer: string): Draft | undefined =>
  listDrafts(data).find(
    ({ path, owner }) =>
      isAlive({ ...owner, bootId: bootId() }) && readLayers(path)?.includes(layer) === true,
  )

function readLayers(directory: string): unknown[] | undefined {
  const record = readDocument(join(directory, 'container.json'))
  const layers = (record as { layers?: unknown } | null | undefined)?.layers
  return Array.isArray(layers) ? layers : undefined
}

function readLive(directory: string): boolean | undefined {
  const path = join(directory, 'state.json')
  const state = readDocument(path) as
    | (ProcessIdentity & { status?: unknown; monitor?: ProcessIdentity })
    | null
    | undefined
  if (typeof state !== 'object' || state === null) return isMissing(path) ? false : undefined
  // Between two runs only its monitor lives.
  const live = state.status === 'running' || state.status === 'restarting'
  return live && isAlive(state.monitor ?? state)
}

/** What cannot be read says nothing. */
function readDocument(path: string): unknown {
  try {
    return parseJson(readSmallFile(path, MAX_RECORD))
  } catch {
    return undefined
  }
}

function isMissing(path: string): boolean {
  try {
    return readSmallFile(path, MAX_RECORD) === undefined
  } catch {
    return false
  }
}

/** Whether a container runs, or will in a moment: whoever starts it has its lock. */
export async function runsAfterAll(engine: Engine, id: string): Promise<boolean> {
  const directory = join(engine.paths.data, 'containers', id)
  const signal = AbortSignal.timeout(PATIENCE)
  const { Hold } = await import('../runtime/hold.ts')
  try {
    using hold = await Hold.open(engine.native().program, directory, signal)
    await hold.settled()
    return readLive(directory) === true
  } catch (error) {
    // Removed meanwhile: it runs no more.
    if (!listNames(join(engine.paths.data, 'containers')).includes(id)) return false
    if (signal.aborted) return true
    throw error
  }
}
