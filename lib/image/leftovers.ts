import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno } from '../core/errors.ts'
import type { Engine } from '../engine.ts'
import { bootId } from '../fs/boot-id.ts'
import { listDrafts, listNames } from '../fs/drafts.ts'
import { draftWriter } from '../fs/replace.ts'
import { isAlive, readIdentity } from '../host/process.ts'
import { removeTrees } from '../runtime/userns.ts'
import { isClaimHeld, newClaim, tryClaim } from './claim.ts'

/** A download that nobody went on with for so long is not wanted any more. */
const KEEP_PARTIAL = 7 * 24 * 3600 * 1000

/**
 * Removes what dead processes left: unfinished work, removals that did not come to their end, downloads that were given
 * up. Looks at a handful of directories; called where work was done anyway, never on the way to a container.
 */
export async function collectLeftovers(engine: Engine): Promise<void> {
  const { data } = engine.paths
  removeDrafts(join(data, 'refs'))
  removeDrafts(join(data, 'blobs', 'sha256'))
  removeDrafts(join(data, 'names'))
  removeDrafts(data)
  removeDownloads(join(data, 'downloads'))
  await collectTrees(engine)
}

/** The part of it that containers leave: unfinished directories and trash. */
export async function collectTrees(engine: Engine): Promise<void> {
  const { data } = engine.paths
  const trees = [
    ...listDrafts(data)
      .filter(({ owner }) => !isAlive({ ...owner, bootId: bootId() }))
      .map(({ path }) => path),
    ...listNames(join(data, 'trash')).map((name) => join(data, 'trash', name)),
  ]
  await removeTrees({ program: engine.native().program, idMap: engine.idMap() }, trees)
}

/** Files that `replaceFile` and `claimFile` of a dead process never gave their name. */
function removeDrafts(directory: string): void {
  for (const name of listNames(directory)) {
    const writer = draftWriter(name)
    if (writer !== undefined && !readIdentity(writer)) {
      rmSync(join(directory, name), { force: true })
    }
  }
}

function removeDownloads(directory: string): void {
  removeDrafts(directory)
  const names = listNames(directory)
  for (const name of names) {
    const path = join(directory, name)
    if (name.endsWith('.owner') && !isClaimHeld(path)) {
      for (const file of tryClaim(path, newClaim()) ?? []) rmSync(file, { force: true })
    } else if (/\.owner\.[0-9a-f]+$/.test(name)) {
      const root = name.replace(/\.[0-9a-f]+$/, '')
      if (!names.includes(root)) rmSync(path, { force: true })
    } else if (name.endsWith('.partial') && isForgotten(path)) {
      if (!isClaimHeld(path.replace(/\.partial$/, '.owner'))) rmSync(path, { force: true })
    }
  }
}

function isForgotten(path: string): boolean {
  try {
    return Date.now() - statSync(path).mtimeMs > KEEP_PARTIAL
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false
    throw error
  }
}
