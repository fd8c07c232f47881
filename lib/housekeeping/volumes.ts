import { statSync } from 'node:fs'
import { join } from 'node:path'
import { sweepAbandoned } from '../container/abandoned.ts'
import { listContainers } from '../container/catalog.ts'
import { isPrunable, type Pruned, type PruneFilter, recordPrune } from '../container/prune.ts'
import type { ContainerRecord } from '../container/record.ts'
import { isErrno, LighterError } from '../core/errors.ts'
import type { Engine } from '../engine.ts'
import { bootId } from '../fs/boot-id.ts'
import { listDrafts, listNames } from '../fs/drafts.ts'
import { moveToTrash } from '../fs/trash.ts'
import { isAlive } from '../host/process.ts'
import { measureTrees, removeTrees } from '../runtime/userns.ts'
import { listVolumes } from '../volume/list.ts'
import {
  checkVolumeName,
  getVolume,
  readVolume,
  recordVolumeEvent,
  volumeData,
  volumeDirectory,
  wantedAt,
} from '../volume/volume.ts'

/** Who uses which volume: ids of containers by the name of the volume. */
export interface VolumeUsers {
  of(name: string): string[]
  /** A container cannot be read: nobody knows what it uses. */
  damaged: boolean
}

/** Looks through all containers. */
export function findVolumeUsers(data: string): VolumeUsers {
  const users = new Map<string, string[]>()
  let damaged = false
  const containers = listContainers(data, () => {
    damaged = true
  })
  for (const { record } of containers) {
    for (const name of volumesOf(record)) users.set(name, [...(users.get(name) ?? []), record.id])
  }
  return { of: (name) => users.get(name) ?? [], damaged }
}

const volumesOf = ({ mounts }: ContainerRecord): Set<string> =>
  new Set(mounts.flatMap((mount) => (mount.type === 'volume' ? [mount.name] : [])))

/**
 * Removes a volume that no container has; with `force` one that is not there is no failure. Throws `no-such-volume`,
 * `conflict`.
 */
export async function removeVolume(engine: Engine, name: string, force: boolean): Promise<void> {
  const { data } = engine.paths
  const directory = volumeDirectory(data, name)
  await releaseOrphans(data)
  await sweepAbandoned(engine)
  const driver = readVolume(data, name)?.driver
  try {
    if (driver === undefined) getVolume(data, name)
  } catch (error) {
    if (await removeFromPlugin(engine, name, force)) return
    if (!force || !(error instanceof LighterError && error.code === 'no-such-volume')) throw error
    checkVolumeName(name)
    // One whose record is damaged can be removed this way only.
    if (!statSync(directory, { throwIfNoEntry: false })) return
  }
  const users = findVolumeUsers(data)
  const using = users.of(name)
  if (using.length > 0) {
    const list = using.join(', ')
    throw new LighterError('conflict', `remove ${name}: volume is in use - [${list}]`)
  }
  if (wantedAt(data, name) >= beginningOfWork(data)) {
    throw new LighterError(
      'conflict',
      `remove ${name}: volume is in use - [a container that is being made]`,
    )
  }
  if (users.damaged) {
    throw new LighterError(
      'conflict',
      `remove ${name}: a container with a damaged record may use the volume`,
      { hint: "'lighter ps -a' names it; 'lighter rm -f' removes it." },
    )
  }
  if (driver !== undefined) return void (await removeFromPlugin(engine, name, force))
  const moved = moveToTrash(data, directory)
  if (moved === undefined) return
  recordVolumeEvent(data, name, 'destroy')
  await removeTrees({ program: engine.native().program, idMap: engine.idMap() }, [moved])
}

const removeFromPlugin = async (
  { paths }: Engine,
  name: string,
  force: boolean,
): Promise<boolean> =>
  await (await import('../volume/plugin/volumes.ts')).removePluginVolume(paths, name, force)

/** Uses of volumes whose end no monitor lived to tell; nothing is loaded where there never was one. */
async function releaseOrphans(data: string): Promise<void> {
  if (listNames(join(data, 'volume-mounts')).length === 0) return
  await (await import('../container/volume-mounts.ts')).releaseOrphanedMounts(data)
}

/**
 * Removes the volumes that no container has: those without a name, or with `all` any. As in Docker those with options of the driver stay:
 * their files are elsewhere, and nobody but the user knows the options.
 */
export async function pruneVolumes(
  engine: Engine,
  filter: PruneFilter,
  all = false,
): Promise<Pruned> {
  const { data } = engine.paths
  await sweepAbandoned(engine)
  const youngest = beginningOfWork(data)
  const doomed = listVolumes(data).filter(
    ({ name, anonymous, createdAt, labels, driver, options }) =>
      driver === undefined &&
      options === undefined &&
      // A container that is being made has volumes before it has a record that names them.
      (anonymous || all) &&
      wantedAt(data, name) < youngest &&
      isPrunable(filter, createdAt, labels),
  )
  const namespace = { program: engine.native().program, idMap: engine.idMap() }
  const sizes = await measureTrees(
    namespace,
    doomed.map(({ name }) => volumeData(data, name)),
  )
  const pruned: Pruned = { deleted: [], reclaimed: 0 }
  const trash: string[] = []
  for (const [index, { name }] of doomed.entries()) {
    const users = findVolumeUsers(data)
    const used = users.damaged || users.of(name).length > 0
    const moved = used ? undefined : moveToTrash(data, volumeDirectory(data, name))
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

/**
 * When the oldest container began to be made that is not finished, in milliseconds since 1970. Pulls and other work that
 * may take hours want no volumes.
 */
function beginningOfWork(data: string): number {
  const begun = listDrafts(data)
    .filter(({ owner, ofContainer }) => ofContainer && isAlive({ ...owner, bootId: bootId() }))
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
