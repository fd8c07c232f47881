import { LighterError } from '../core/errors.ts'
import { shortId } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { familiarName, familiarReference, parseReference } from '../oci/reference.ts'
import {
  deriveIndex,
  listReferences,
  type ReferenceRecord,
  removeReference,
} from '../store/references.ts'
import { collectGarbage } from './collect.ts'
import { findRecord } from './find.ts'
import type { ImageUser } from './users.ts'

export interface RemoveOptions {
  force: boolean
  users: readonly ImageUser[]
}

/** Takes names from an image, and the image with its last one. Returns what happened in Docker's words. */
export async function removeImage(
  engine: Engine,
  text: string,
  { force, users }: RemoveOptions,
): Promise<string[]> {
  const { data } = engine.paths
  const found = findRecord(engine, text)
  if (!found) throw new LighterError('no-such-image', `No such image: ${text}`)
  const all = listReferences(data).filter(({ imageId }) => imageId === found.imageId)
  const byId = isIdText(text, found)
  const mine = users.filter(({ imageId }) => imageId === found.imageId)
  const names = byId ? all : withDigests(found, all)
  const last = names.length === all.length
  if (byId) checkById(found, all, mine, force)
  else if (last && mine[0] && !force) {
    const name = familiarReference(parseReference(found.reference))
    throw new LighterError(
      'conflict',
      `conflict: unable to remove repository reference "${name}" (must force) - container ${shortId(mine[0].id)} is using its referenced image ${shortId(found.imageId)}`,
    )
  }
  for (const { reference } of names) removeReference(data, reference)
  deriveIndex(data)
  const lines = names
    .filter(({ reference }) => !reference.startsWith('@'))
    .map(({ reference }) => `Untagged: ${familiarReference(parseReference(reference))}`)
  if (!last) return lines
  await collectGarbage(engine)
  return [...lines, `Deleted: ${found.imageId}`]
}

/** With the last tag of a repository, the digests it was pulled by go too. */
function withDigests(found: ReferenceRecord, all: ReferenceRecord[]): ReferenceRecord[] {
  const name = familiarName(parseReference(found.reference))
  const family = all.filter(
    ({ reference }) =>
      !reference.startsWith('@') && familiarName(parseReference(reference)) === name,
  )
  const tags = family.filter(({ reference }) => !reference.includes('@'))
  const others = tags.filter(({ reference }) => reference !== found.reference)
  if (others.length > 0) return [found]
  return [found, ...family.filter(({ reference }) => reference !== found.reference)]
}

function checkById(
  found: ReferenceRecord,
  all: ReferenceRecord[],
  users: ImageUser[],
  force: boolean,
): void {
  const id = shortId(found.imageId)
  const conflict = (how: string, why: string) =>
    new LighterError('conflict', `conflict: unable to delete ${id} (${how}) - ${why}`)
  const running = users.find((user) => user.running)
  if (running) {
    throw conflict(
      'cannot be forced',
      `image is being used by running container ${shortId(running.id)}`,
    )
  }
  if (force) return
  const repositories = new Set(
    all
      .filter(({ reference }) => !reference.startsWith('@'))
      .map(({ reference }) => familiarName(parseReference(reference))),
  )
  const tags = all.filter(({ reference }) => !reference.includes('@'))
  if (repositories.size > 1 || tags.length > 1) {
    throw conflict('must be forced', 'image is referenced in multiple repositories')
  }
  const [stopped] = users
  if (stopped) {
    throw conflict(
      'must be forced',
      `image is being used by stopped container ${shortId(stopped.id)}`,
    )
  }
}

function isIdText(text: string, { imageId, reference }: ReferenceRecord): boolean {
  if (reference.startsWith('@')) return true
  if (!imageId.slice(7).startsWith(text.replace(/^sha256:/, ''))) return false
  return !text.includes(':') || text.startsWith('sha256:')
}
