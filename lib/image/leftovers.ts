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

/** A download that nobody went on with for so long is not wanted any more. */
const KEEP_PARTIAL = 7 * 24 * 3600 * 1000

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
  ]
}

/** Where `replaceFile` and `claimFile` make files beside others. */
const DRAFT_FOLDERS = ['', 'refs', 'blobs/sha256', 'names', 'downloads']

/** Those, and the manifest lists that are kept here. */
const draftFolders = (data: string): string[] => [
  ...DRAFT_FOLDERS.map((folder) => join(data, folder)),
  ...listNames(join(data, 'manifests')).map((list) => join(data, 'manifests', list)),
]

/** The part of it that containers leave: unfinished directories and trash. */
export async function collectTrees(engine: Engine): Promise<void> {
  const { data } = engine.paths
  const namespace = { program: engine.native().program, idMap: engine.idMap() }
  await removeTrees(namespace, listTrees(data))
}

const listTrees = (data: string): string[] => [
  ...listNames(join(data, 'tmp'))
    .filter(isDeadDraft)
    .map((name) => join(data, 'tmp', name)),
  ...listNames(join(data, 'trash')).map((name) => join(data, 'trash', name)),
]

/** `<pid>-<start time>-` and whatever its maker calls it: volumes are made there under their names. */
function isDeadDraft(name: string): boolean {
  const [, pid, startTime] = /^(\d+)-(\d+)-/.exec(name) ?? []
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
    const claims = path.endsWith('.owner') ? tryClaim(path, newClaim()) : [path]
    for (const file of claims ?? []) rmSync(file, { force: true })
  }
}

/** Claims of dead processes, and downloads that were given up. */
function listDownloads(directory: string): string[] {
  const names = listNames(directory)
  return names
    .filter((name) => {
      const path = join(directory, name)
      if (name.endsWith('.owner')) return !isClaimHeld(path)
      if (/\.owner\.[0-9a-f]+$/.test(name)) return !names.includes(name.replace(/\.[0-9a-f]+$/, ''))
      if (!name.endsWith('.partial') || !isForgotten(path)) return false
      return !isClaimHeld(path.replace(/\.partial$/, '.owner'))
    })
    .map((name) => join(directory, name))
}

function isForgotten(path: string): boolean {
  try {
    return Date.now() - statSync(path).mtimeMs > KEEP_PARTIAL
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false
    throw error
  }
}
