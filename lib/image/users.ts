import { join } from 'node:path'
import type { Engine } from '../engine.ts'
import { listDrafts, listNames } from '../fs/drafts.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'
import { isAlive, type ProcessIdentity } from '../host/process.ts'

/** A container as far as images are concerned. */
export interface ImageUser {
  id: string
  imageId: string
  running: boolean
}

const MAX_RECORD = 4 * 1024 * 1024

/**
 * The trees that containers stand on, those being made too, from the lowest up; they stay whatever happens to the
 * image's names. `undefined` when a record says nothing: what that container needs is not known then.
 */
export function layerStacks(engine: Engine): string[][] | undefined {
  const { data } = engine.paths
  const directories = [
    ...listNames(join(data, 'containers')).map((id) => join(data, 'containers', id)),
    ...listDrafts(data).map(({ path }) => path),
  ]
  const stacks: string[][] = []
  for (const directory of directories) {
    const bytes = readSmallFile(join(directory, 'container.json'), MAX_RECORD)
    if (!bytes) continue
    const layers = (parseJson(bytes) as { layers?: unknown } | null | undefined)?.layers
    if (!Array.isArray(layers)) return undefined
    stacks.push(layers.map(String))
  }
  return stacks
}

/** Every container with the image it was made from. */
export function listImageUsers(engine: Engine): ImageUser[] {
  const containers = join(engine.paths.data, 'containers')
  return listNames(containers).flatMap((id) => {
    const read = (name: string): unknown =>
      parseJson(readSmallFile(join(containers, id, name), MAX_RECORD))
    const record = read('container.json') as { imageId?: unknown } | undefined
    const state = read('state.json') as
      | (ProcessIdentity & { status?: unknown; monitor?: ProcessIdentity })
      | undefined
    if (typeof record?.imageId !== 'string') return []
    // Between two runs only its monitor lives.
    const live = state?.status === 'running' || state?.status === 'restarting'
    const running = live && isAlive(state.monitor ?? state)
    return [{ id, imageId: record.imageId, running }]
  })
}
