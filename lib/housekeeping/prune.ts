import { statSync } from 'node:fs'
import { listContainers } from '../container/catalog.ts'
import { isPrunable, type Pruned, type PruneFilter, recordPrune } from '../container/prune.ts'
import { isErrno, LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { bootId } from '../fs/boot-id.ts'
import { listDrafts } from '../fs/drafts.ts'
import { moveToTrash } from '../fs/trash.ts'
import { isAlive } from '../host/process.ts'
import { readImage } from '../image/find.ts'
import { isSquashed } from '../image/layer-kind.ts'
import { removeImage } from '../image/remove.ts'
import { listImageUsers } from '../image/users.ts'
import { measureTrees, removeTrees } from '../runtime/userns.ts'
import { readLayer } from '../store/layers.ts'
import { listReferences, type ReferenceRecord } from '../store/references.ts'
import { listVolumes } from '../volume/list.ts'
import { recordVolumeEvent, volumeData, volumeDirectory } from '../volume/volume.ts'

/**
 * Removes images that no container was made from: those without a name, or with `all` any. What was done is told in the lines of
 * `rmi`.
 */
export async function pruneImages(
  engine: Engine,
  filter: PruneFilter,
  all: boolean,
): Promise<Pruned> {
  const { data } = engine.paths
  const before = layerSizes(engine)
  const deleted: string[] = []
  for (const [id, names] of namesByImage(data)) {
    if (!all && !names.every(({ reference }) => reference.startsWith('@'))) continue
    const [first] = names
    const image = first && readImage(engine, first)
    if (!image) continue
    const { created, defaults } = image.config
    if (!isPrunable(filter, created, defaults.labels)) continue
    deleted.push(...(await removeUnused(engine, id)))
  }
  const after = layerSizes(engine)
  let reclaimed = 0
  for (const [layer, bytes] of before) if (!after.has(layer)) reclaimed += bytes
  recordPrune(data, 'image', reclaimed)
  return { deleted, reclaimed }
}

function namesByImage(data: string): Map<Digest, ReferenceRecord[]> {
  const names = new Map<Digest, ReferenceRecord[]>()
  for (const record of listReferences(data)) {
    names.set(record.imageId, [...(names.get(record.imageId) ?? []), record])
  }
  return names
}

/** Who uses it is asked last of all: somebody may have begun meanwhile. */
async function removeUnused(engine: Engine, id: Digest): Promise<string[]> {
  const users = listImageUsers(engine)
  if (users.some(({ imageId }) => imageId === id)) return []
  try {
    return await removeImage(engine, id, { force: true, users })
  } catch (error) {
    if (error instanceof LighterError && error.code === 'no-such-image') return []
    throw error
  }
}

/** Bytes of the layers of all images. */
function layerSizes(engine: Engine): Map<Digest, number> {
  const sizes = new Map<Digest, number>()
  for (const record of listReferences(engine.paths.data)) {
    for (const layer of readImage(engine, record)?.config.diffIds ?? []) {
      sizes.set(layer, readLayer(engine.paths.data, layer, isSquashed(engine))?.bytes ?? 0)
    }
  }
  return sizes
}

/** Removes the volumes without a name that no container has. */
export async function pruneVolumes(engine: Engine, filter: PruneFilter): Promise<Pruned> {
  const { data } = engine.paths
  const youngest = beginningOfWork(data)
  const doomed = listVolumes(data).filter(
    ({ anonymous, createdAt, labels }) =>
      // A container that is being made has volumes before it has a record that names them.
      anonymous && Date.parse(createdAt) < youngest && isPrunable(filter, createdAt, labels),
  )
  const namespace = { program: engine.native().program, idMap: engine.idMap() }
  const sizes = await measureTrees(
    namespace,
    doomed.map(({ name }) => volumeData(data, name)),
  )
  const pruned: Pruned = { deleted: [], reclaimed: 0 }
  const trash: string[] = []
  for (const [index, { name }] of doomed.entries()) {
    const moved = usedVolumes(data).has(name)
      ? undefined
      : moveToTrash(data, volumeDirectory(data, name))
    if (moved === undefined) continue
    recordVolumeEvent(data, name, 'destroy')
    trash.push(moved)
    pruned.deleted.push(name)
    pruned.reclaimed += sizes[index] ?? 0
  }
  await removeTrees(namespace, trash)
  recordPrune(data, 'volume', pruned.reclaimed)
  return pruned
}

/** With a container that cannot be read nobody knows what it uses: then all volumes are in use. */
function usedVolumes(data: string): { has(name: string): boolean } {
  let damaged = false
  const containers = listContainers(data, () => {
    damaged = true
  })
  if (damaged) return { has: () => true }
  return new Set(
    containers.flatMap(({ record }) =>
      record.mounts.flatMap((mount) => (mount.type === 'volume' ? [mount.name] : [])),
    ),
  )
}

/** When the oldest unfinished work of a live process began, in milliseconds since 1970. */
function beginningOfWork(data: string): number {
  const begun = listDrafts(data)
    .filter(({ owner }) => isAlive({ ...owner, bootId: bootId() }))
    .map(({ path }) => birthOf(path))
  return Math.min(Number.POSITIVE_INFINITY, ...begun)
}

function birthOf(path: string): number {
  try {
    return Math.floor(statSync(path).birthtimeMs)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return Number.POSITIVE_INFINITY
    throw error
  }
}
