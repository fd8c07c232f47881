import { createHash } from 'node:crypto'
import { LighterError } from '../core/errors.ts'
import { digestHex, shortId } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { familiarReference, fullName, parseReference, withDefaultTag } from '../oci/reference.ts'
import {
  deriveIndex,
  listReferences,
  type ReferenceRecord,
  removeReference,
  writeReference,
} from '../store/references.ts'
import { findSharedImage, type SharedReference } from '../store/shared.ts'
import { listSteps } from '../store/steps.ts'
import { collectGarbage } from './collect.ts'
import { recordImageEvent } from './events.ts'
import { getRecord, type Image, noSuchImage, readImage } from './find.ts'
import { checkImagePlatform, wantedPlatform } from './platform.ts'
import { type ImageUser, layerStacks } from './users.ts'

export interface RemoveOptions {
  force: boolean
  users: readonly ImageUser[]
  /** As users write them. */
  platforms?: readonly string[]
}

/**
 * Takes names from an image, and the image with its last one. Returns what happened in Docker's words. Throws `no-such-image`,
 * `bad-image-name`, `conflict`.
 */
export async function removeImage(
  engine: Engine,
  text: string,
  { force, users, platforms = [] }: RemoveOptions,
): Promise<string[]> {
  const { data } = engine.paths
  const { found, image } = findWanted(engine, text, platforms)
  const all = listReferences(data).filter(({ imageId }) => imageId === found.imageId)
  const mine = users.filter(({ imageId }) => imageId === found.imageId)
  const byId = isIdText(text, found)
  const called = byId ? undefined : found
  const elsewhere = findSharedImage(engine.stores, found.imageId)
  if (elsewhere && !all.some(byId ? isNamed : isSame(found))) throw notOwn(text, elsewhere, byId)
  if (byId) checkById(found, all, mine, force)
  // A name beside one that others give the image is not its last.
  else if (!elsewhere) checkByName(text, found, all, mine, force)
  const names = byId ? all : withDigests(found, all)
  const rest = all.length - names.length
  const lines = names
    .filter(isNamed)
    .map((name) => `Untagged: ${name === called ? asWritten(text) : familiar(name)}`)
  const running = mine.some((user) => user.running)
  const deleted = rest === 0 && !running && !elsewhere ? describeDeletion(engine, found) : []
  const labels = image?.config.defaults.labels
  // Somebody else may have taken it away since: then that was his to tell.
  if (!names.map(({ reference }) => removeReference(data, reference)).some(Boolean))
    throw noSuchImage(text)
  for (const name of names) {
    // The digests that go with the last tag are no news of their own.
    if (isNamed(name) && (byId || name === called))
      recordImageEvent(data, 'untag', { ...eventNames(found), labels })
  }
  // A running container's image stays, without a name, as long as somebody may want to know about it.
  if (rest === 0 && running) keepNameless(data, found)
  refreshIndex(data)
  if (rest > 0 || running) {
    // A configuration in two manifests is one image: what only the other one had is nobody's now.
    const kept = all.filter((name) => !names.some(isSame(name)))
    if (rest > 0 && !kept.some(({ descriptor }) => descriptor.digest === found.descriptor.digest))
      await collectGarbage(engine)
    return lines
  }
  await collectGarbage(engine)
  if (!elsewhere) recordImageEvent(data, 'delete', eventNames(found))
  refreshIndex(data)
  return [...lines, ...deleted]
}

function findWanted(
  engine: Engine,
  text: string,
  platforms: readonly string[],
): { found: ReferenceRecord; image: Image | undefined } {
  // Docker's client asks its daemon for a page without a name.
  if (text === '') throw new LighterError('no-such-image', 'page not found')
  const [wanted, ...more] = platforms.map(wantedPlatform)
  if (more.length > 0) throw new LighterError('bad-input', 'multiple platforms are not supported')
  const found = getRecord(engine, text)
  const image = readImage(engine, found)
  if (image) checkImagePlatform(text, image, wanted)
  return { found, image }
}

const isSame =
  ({ reference }: ReferenceRecord) =>
  (other: ReferenceRecord): boolean =>
    other.reference === reference

/** The error for an image, or a name of it, that only a store of others has. */
function notOwn(text: string, { store, imageId }: SharedReference, byId: boolean): LighterError {
  const what = byId ? `delete ${shortId(imageId)}` : `remove repository reference "${text}"`
  return new LighterError(
    'conflict',
    `conflict: unable to ${what} (cannot be forced) - image is in the read-only image store ${store}`,
  )
}

/** Docker calls an image by its id when it loses a name. */
const eventNames = ({ imageId }: ReferenceRecord) => ({ id: imageId, name: imageId })

const isNamed = ({ reference }: ReferenceRecord): boolean => !reference.startsWith('@')
const isDigestName = ({ reference }: ReferenceRecord): boolean => reference.includes('@')
const familiar = ({ reference }: ReferenceRecord): string =>
  familiarReference(parseReference(reference))
/** A tag before a digest is told too. */
const asWritten = (text: string): string => familiarReference(withDefaultTag(parseReference(text)))
const repositoryOf = ({ reference }: ReferenceRecord): string => fullName(parseReference(reference))

/** index.json is made for others: that it cannot be written must not keep anybody from making room. */
function refreshIndex(data: string): void {
  unlessFull(() => deriveIndex(data))
}

function keepNameless(data: string, found: ReferenceRecord): void {
  unlessFull(() => writeReference(data, { ...found, reference: `@${found.imageId}` }))
}

function unlessFull(write: () => void): void {
  try {
    write()
  } catch (error) {
    if (!(error instanceof LighterError && error.code === 'no-space')) throw error
  }
}

/** With the last tag of a repository, the digests it was pulled by go too. */
function withDigests(found: ReferenceRecord, all: ReferenceRecord[]): ReferenceRecord[] {
  if (isDigestName(found)) return [found]
  const family = all.filter((name) => isNamed(name) && repositoryOf(name) === repositoryOf(found))
  const others = family.filter((name) => name.reference !== found.reference)
  return others.every(isDigestName) ? [found, ...others] : [found]
}

/** At most one tag, and all names in its repository: then the image goes with it. */
function isSingle(all: ReferenceRecord[]): boolean {
  const named = all.filter(isNamed)
  const tags = named.filter((name) => !isDigestName(name))
  return named.length <= 1 || (tags.length <= 1 && new Set(named.map(repositoryOf)).size === 1)
}

function checkByName(
  text: string,
  found: ReferenceRecord,
  all: ReferenceRecord[],
  [user]: ImageUser[],
  force: boolean,
): void {
  if (force || !user || !isSingle(all)) return
  throw new LighterError(
    'conflict',
    `conflict: unable to remove repository reference "${text}" (must force) - container ${shortId(user.id)} is using its referenced image ${shortId(found.imageId)}`,
  )
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
  if (!isSingle(all)) {
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
  if (!digestHex(imageId).startsWith(text.replace(/^sha256:/, ''))) return false
  return !text.includes(':') || text.startsWith('sha256:')
}

/** `Deleted:` lines: the image, then its layers that neither another image, a container nor the build cache stands on. */
function describeDeletion(engine: Engine, found: ReferenceRecord): string[] {
  const image = readImage(engine, found)
  const chain = chainOf(image?.config.diffIds.map(digestHex) ?? [])
  const kept = new Set<string>()
  for (const record of listReferences(engine.paths.data)) {
    if (record.imageId === found.imageId) continue
    const other = readImage(engine, record)?.config.diffIds.map(digestHex) ?? []
    for (const id of chainOf(other)) kept.add(id)
  }
  for (const stack of layerStacks(engine) ?? []) {
    for (const id of chainOf(stack.map((name) => name.replace(/-squashed$/, '')))) kept.add(id)
  }
  if (image && isBuilt(image)) for (const id of cachedBelow(engine, image, chain)) kept.add(id)
  const gone = chain.filter((id) => !kept.has(id)).reverse()
  return [`Deleted: ${found.imageId}`, ...gone.map((id) => `Deleted: sha256:${id}`)]
}

/** Only those that a build made have layers in its cache. */
function isBuilt({ config }: Image): boolean {
  const { history } = config.raw
  if (!Array.isArray(history)) return false
  return history.some((line: unknown) => {
    return line instanceof Object && 'comment' in line && line.comment === 'buildkit.dockerfile.v0'
  })
}

/** Of the layers of an image, the highest that a step of a build made, and those below it. */
function cachedBelow(engine: Engine, { config }: Image, chain: readonly string[]): string[] {
  const cached = new Set<string>(listSteps(engine.paths.data).map(({ diffId }) => diffId))
  return chain.slice(0, config.diffIds.findLastIndex((diffId) => cached.has(diffId)) + 1)
}

/** Ids of a stack of layers, from the lowest up: each is a digest of all below it. */
function chainOf(layers: string[]): string[] {
  const chain: string[] = []
  for (const layer of layers) {
    const below = chain.at(-1)
    const id = below && createHash('sha256').update(`sha256:${below} sha256:${layer}`).digest('hex')
    chain.push(id ?? layer)
  }
  return chain
}
