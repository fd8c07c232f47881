import { join } from 'node:path'
import { randomHex } from '../core/random.ts'
import type { Engine } from '../engine.ts'
import { bootId } from '../fs/boot-id.ts'
import { listNames } from '../fs/drafts.ts'
import { isAlive, ownIdentity } from '../host/process.ts'
import { removeTrees } from '../runtime/userns.ts'
import { findLiveUser, mayBeMounted } from './layer-users.ts'

/** A tree that had, or was about to have, the name of a layer. */
interface Retired {
  path: string
  layer: string
}

/**
 * A place for the tree that changes its name with that of a layer. Whoever finds it knows what it is at any instant: the new tree or the
 * old one, which a container may still run on, and whether he who exchanges them lives.
 */
export function retiredPlace(data: string, layer: string): string {
  const { pid, startTime } = ownIdentity()
  return join(data, 'layers', `${layer}.old-${pid}-${startTime}-${randomHex(4)}`)
}

/** `.aside`: where a file system cannot exchange two names in one step. Those of earlier versions do not say whose they are. */
const NAME = /^([0-9a-f]{64}(?:-squashed)?)\.old-(?:(\d+)-(\d+)-)?[0-9a-f]+(?:\.aside)?$/

/** Whether a name in the directory of layers is one of these. */
export const isRetiredName = (name: string): boolean => NAME.test(name)

/** Those that nobody works on, and that no running container is known to stand on, as paths. */
export const listRetired = (data: string): string[] => findRetired(data).map(({ path }) => path)

function findRetired(data: string): Retired[] {
  return listNames(join(data, 'layers')).flatMap((name) => {
    const [, layer, pid, startTime] = NAME.exec(name) ?? []
    if (layer === undefined) return []
    if (pid && startTime && isAlive({ pid: Number(pid), startTime, bootId: bootId() })) return []
    return findLiveUser(data, layer) ? [] : [{ path: join(data, 'layers', name), layer }]
  })
}

/** Removes those that nobody can have mounted. */
export async function collectRetired(engine: Engine): Promise<void> {
  for (const { path, layer } of findRetired(engine.paths.data))
    await removeRetired(engine, path, layer)
}

/** Removes one, unless somebody may have mounted it: then it stays, out of everybody's way, for whoever collects later. */
export async function removeRetired(engine: Engine, path: string, layer: string): Promise<void> {
  if (await mayBeMounted(engine, layer)) return
  const { moveToTrash } = await import('../fs/trash.ts')
  const moved = moveToTrash(engine.paths.data, path)
  if (moved === undefined) return
  await removeTrees({ program: engine.native().program, idMap: engine.idMap() }, [moved])
}
