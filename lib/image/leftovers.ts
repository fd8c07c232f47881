import { existsSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, LighterError } from '../core/errors.ts'
import type { Engine } from '../engine.ts'
import { bootId } from '../fs/boot-id.ts'
import { listNames } from '../fs/drafts.ts'
import { draftWriter } from '../fs/replace.ts'
import { isAlive, readIdentity } from '../host/process.ts'
import { removeTrees } from '../runtime/userns.ts'
import { deriveIndex, isIndexCurrent } from '../store/references.ts'
import { isClaimHeld, newClaim, tryClaim } from './claim.ts'
import { collectRetired, listRetired } from './retired.ts'

/** A download that nobody went on with for so long is not wanted any more. */
const KEEP_PARTIAL = 7 * 24 * 3600 * 1000
const KEEP_STALE_NAME = 3600 * 1000

/**
 * Removes what dead processes left: unfinished work, removals that did not come to their end, downloads that were given
 * up. Looks at a handful of directories; called where work was done anyway, never on the way to a container.
 */
export async function collectLeftovers(engine: Engine): Promise<void> {
  const { data } = engine.paths
  for (const folder of draftFolders(data)) removeDrafts(folder)
  removeDownloads(join(data, 'downloads'))
  renewIndex(data)
  await collectTrees(engine)
  await collectRetired(engine)
}

/** Who was killed between a reference and index.json left the one without the other. A full disk keeps nobody from working. */
function renewIndex(data: string): void {
  if (!existsSync(join(data, 'refs')) || isIndexCurrent(data)) return
  try {
    deriveIndex(data)
  } catch (error) {
    if (!(error instanceof LighterError && error.code === 'no-space')) throw error
  }
}

/** What `collectLeftovers` would remove, as paths. */
export function listLeftovers(engine: Engine): string[] {
  const { data } = engine.paths
  return [
    ...draftFolders(data).flatMap((directory) => listDeadDrafts(directory)),
    ...listDownloads(join(data, 'downloads')),
    ...listTrees(data),
    ...listRetired(data),
  ]
}

/** Where `replaceFile` and `claimFile` make files beside others. */
const DRAFT_FOLDERS = ['', 'refs', 'blobs/sha256', 'names', 'downloads']

/** Those, and the manifest lists that are kept here. */
const draftFolders = (data: string): string[] => [
  ...DRAFT_FOLDERS.map((folder) => join(data, folder)),
  ...listNames(join(data, 'manifests')).map((list) => join(data, 'manifests', list)),
]

/** The part of it that containers leave: unfinished names and directories, and trash. */
export async function collectTrees(engine: Engine): Promise<void> {
  const { data } = engine.paths
  removeDrafts(join(data, 'names'))
  const namespace = { program: engine.native().program, idMap: engine.idMap() }
  await removeTrees(namespace, listTrees(data))
}

const listTrees = (data: string): string[] => [
  ...listNames(join(data, 'tmp'))
    .filter((name) => isDeadDraft(data, name))
    .map((name) => join(data, 'tmp', name)),
  ...listNames(join(data, 'trash')).map((name) => join(data, 'trash', name)),
]

/**
 * `<pid>-<start time>-` and whatever its maker calls it: volumes are made there under their names. Stale names that an earlier version
 * took away do not say by whom: that was a matter of an instant.
 */
function isDeadDraft(data: string, name: string): boolean {
  const [, pid, startTime] = /^(\d+)-(\d+)-/.exec(name) ?? []
  if (/^stale-name-[0-9a-f]+$/.test(name)) return isOlder(join(data, 'tmp', name), KEEP_STALE_NAME)
  if (pid === undefined || startTime === undefined) return false
  return !isAlive({ pid: Number(pid), startTime, bootId: bootId() })
}

/** Files that `replaceFile` and `claimFile` of a dead process never gave their name. */
function removeDrafts(directory: string): void {
  for (const path of listDeadDrafts(directory)) rmSync(path, { force: true })
}

const listDeadDrafts = (directory: string): string[] =>
  listNames(directory)
    .filter((name) => {
      const writer = draftWriter(name)
      return writer !== undefined && !readIdentity(writer)
    })
    .map((name) => join(directory, name))

function removeDownloads(directory: string): void {
  for (const path of listDownloads(directory)) {
    if (path.endsWith('.partial')) removePartial(path)
    else {
      const claims = path.endsWith('.owner') ? tryClaim(path, newClaim()) : [path]
      for (const file of claims ?? []) rmSync(file, { force: true })
    }
  }
}

/** A pull may begin to go on with it at any time: whoever has the claim looks again. */
function removePartial(path: string): void {
  const claims = tryClaim(ownerOf(path), newClaim())
  if (!claims) return
  try {
    if (isForgotten(path)) rmSync(path, { force: true })
  } finally {
    for (const file of claims) rmSync(file, { force: true })
  }
}

const ownerOf = (partial: string): string => partial.replace(/\.partial$/, '.owner')

/** Claims of dead processes, and downloads that were given up. */
function listDownloads(directory: string): string[] {
  const names = listNames(directory)
  return names
    .filter((name) => {
      const path = join(directory, name)
      if (name.endsWith('.owner')) return !isClaimHeld(path)
      if (/\.owner\.[0-9a-f]+$/.test(name)) return !names.includes(name.replace(/\.[0-9a-f]+$/, ''))
      if (!name.endsWith('.partial') || !isForgotten(path)) return false
      return !isClaimHeld(ownerOf(path))
    })
    .map((name) => join(directory, name))
}

const isForgotten = (path: string): boolean => isOlder(path, KEEP_PARTIAL, 'mtimeMs')

/** Whether so many milliseconds passed since a file got its name, or with `mtimeMs` its last byte. */
function isOlder(path: string, age: number, time: 'ctimeMs' | 'mtimeMs' = 'ctimeMs'): boolean {
  try {
    return Date.now() - statSync(path)[time] > age
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false
    throw error
  }
}
