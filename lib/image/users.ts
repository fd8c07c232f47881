import { join } from 'node:path'
import type { Engine } from '../engine.ts'
import { listNames } from '../fs/drafts.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'
import { isAlive, type ProcessIdentity } from '../host/process.ts'

/** A container as far as images are concerned. */
export interface ImageUser {
  id: string
  imageId: string
  running: boolean
}

/** Which trees the containers stand on, from their plans: they stay whatever happens to the image's names. */
export function layersInUse(engine: Engine): Set<string> {
  const containers = join(engine.paths.data, 'containers')
  const names = new Set<string>()
  for (const id of listNames(containers)) {
    const plan = parseJson(readSmallFile(join(containers, id, 'plan.json'), 1024 * 1024))
    const lower = (plan as { rootfs?: { lower?: unknown } } | undefined)?.rootfs?.lower
    for (const path of Array.isArray(lower) ? lower : []) {
      const name = /\/layers\/([^/]+)\/fs$/.exec(String(path))?.[1]
      if (name) names.add(name)
    }
  }
  return names
}

/** Every container with the image it was made from. */
export function listImageUsers(engine: Engine): ImageUser[] {
  const containers = join(engine.paths.data, 'containers')
  return listNames(containers).flatMap((id) => {
    const read = (name: string): unknown =>
      parseJson(readSmallFile(join(containers, id, name), 4 * 1024 * 1024))
    const record = read('container.json') as { imageId?: unknown } | undefined
    const state = read('state.json') as (ProcessIdentity & { status?: unknown }) | undefined
    if (typeof record?.imageId !== 'string') return []
    const running = state?.status === 'running' && isAlive(state)
    return [{ id, imageId: record.imageId, running }]
  })
}
