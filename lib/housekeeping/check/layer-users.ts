import { renameSync } from 'node:fs'
import { basename, join } from 'node:path'
import { containerDirectory, listContainers, readContainer } from '../../container/catalog.ts'
import { isLive, readState } from '../../container/state.ts'
import { randomHex } from '../../core/random.ts'
import { bootId } from '../../fs/boot-id.ts'
import { listDrafts, listNames } from '../../fs/drafts.ts'
import { parseJson, readSmallFile } from '../../fs/read.ts'
import { isAlive } from '../../host/process.ts'
import { Hold } from '../../runtime/hold.ts'
import { removeTrees } from '../../runtime/userns.ts'
import type { Check } from './finding.ts'

const MAX_RECORD = 4 * 1024 * 1024

/** The container that runs on a layer, or is just being made on it. */
export function runningUser(data: string, layer: string): string | undefined {
  const user = listContainers(data).find(
    ({ record, state }) => record.layers.includes(layer) && isLive(state),
  )
  return user?.record.id ?? draftUser(data, layer)
}

function draftUser(data: string, layer: string): string | undefined {
  const draft = listDrafts(data).find(({ path, owner }) => {
    if (!isAlive({ ...owner, bootId: bootId() })) return false
    const record = parseJson(readSmallFile(join(path, 'container.json'), MAX_RECORD))
    const layers = (record as { layers?: unknown } | null | undefined)?.layers
    return Array.isArray(layers) && layers.includes(layer)
  })
  return draft && basename(draft.path)
}

/**
 * Removes a tree that had the name of a layer until a moment ago. A container that was just starting may have mounted it: each one that
 * stands on the layer is held until its state says whether it runs. For one that does the tree stays, out of everybody's way, for a later
 * check to remove.
 */
export async function retireTree(check: Check, layer: string, tree: string): Promise<void> {
  const { data } = check.engine.paths
  if (await mayBeMounted(check, layer)) {
    renameSync(tree, join(data, 'layers', `${layer}.old-${randomHex(4)}`))
    return
  }
  await removeTrees(check.namespace, [tree])
}

async function mayBeMounted(check: Check, layer: string): Promise<boolean> {
  const { data } = check.engine.paths
  if (draftUser(data, layer) !== undefined) return true
  for (const id of listNames(join(data, 'containers'))) {
    if (!readContainer(data, id)?.record.layers.includes(layer)) continue
    if (await runsAfterAll(check, id)) return true
  }
  return false
}

async function runsAfterAll({ engine, namespace }: Check, id: string): Promise<boolean> {
  const directory = containerDirectory(engine.paths.data, id)
  try {
    using hold = await Hold.open(namespace.program, directory)
    await hold.settled()
    return isLive(readState(directory))
  } catch (error) {
    // Removed meanwhile: it runs no more.
    if (!readContainer(engine.paths.data, id)) return false
    throw error
  }
}

/** Trees that `retireTree` left and nobody can have mounted any more, as paths. */
export function listRetired(data: string): string[] {
  return listNames(join(data, 'layers')).flatMap((name) => {
    const [, layer] = /^([0-9a-f]{64}(?:-squashed)?)\.old-[0-9a-f]+$/.exec(name) ?? []
    if (layer === undefined || runningUser(data, layer) !== undefined) return []
    return [join(data, 'layers', name)]
  })
}
