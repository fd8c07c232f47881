import { existsSync } from 'node:fs'
import { LighterError } from '../../core/errors.ts'
import { type Digest, shortId } from '../../core/ids.ts'
import { type Image, readImage } from '../../image/find.ts'
import { removeImage } from '../../image/remove.ts'
import { listImageUsers } from '../../image/users.ts'
import type { Descriptor } from '../../oci/image.ts'
import { familiarReference, parseReference } from '../../oci/reference.ts'
import { blobPath } from '../../store/blobs.ts'
import { listReferences, type ReferenceRecord, readReference } from '../../store/references.ts'
import { hasBlobAnywhere, ownsStore } from '../../store/shared.ts'
import type { BadBlobs } from './blobs.ts'
import { type Check, guard, persists, reasonOf } from './finding.ts'

/** An image under all names of one manifest. */
export interface KnownImage {
  id: Digest
  names: ReferenceRecord[]
  /** Absent: its manifest or its configuration is damaged; a text: why it cannot be read. */
  image: Image | string | undefined
}

/** All images; those of one configuration with different manifests are several. */
export function listKnownImages(check: Check): KnownImage[] {
  const known = new Map<string, KnownImage>()
  for (const record of listReferences(check.engine.paths.data, (_name, error) => reasonOf(error))) {
    const key = `${record.imageId} ${record.descriptor.digest}`
    const one = known.get(key)
    if (one) one.names.push(record)
    else known.set(key, { id: record.imageId, names: [record], image: tryImage(check, record) })
  }
  return [...known.values()]
}

function tryImage({ engine }: Check, record: ReferenceRecord): Image | string | undefined {
  try {
    return readImage(engine, record)
  } catch (error) {
    return reasonOf(error)
  }
}

/** The name to call an image by: a tag, else a digest, else its id. */
export function nameOf({ id, names }: KnownImage): string {
  const named = names.map(({ reference }) => reference).filter((name) => !name.startsWith('@'))
  const best = named.find((name) => !name.includes('@')) ?? named[0]
  return best === undefined ? shortId(id) : familiarReference(parseReference(best))
}

const isNamed = ({ names }: KnownImage): boolean =>
  names.some(({ reference }) => !reference.startsWith('@'))

/**
 * Whether images have all they need. `bad`: blobs that are known to be damaged; `lost`: layers that cannot be made anew. With
 * `repair` and `force` an image that is not whole is removed.
 */
export async function checkImages(
  check: Check,
  bad: BadBlobs,
  lost: ReadonlySet<Digest>,
): Promise<void> {
  for (const known of listKnownImages(check)) {
    const id = nameOf(known)
    await guard(check, { kind: 'image', id }, () => checkImage(check, known, bad, lost))
  }
}

async function checkImage(
  check: Check,
  known: KnownImage,
  bad: BadBlobs,
  lost: ReadonlySet<Digest>,
): Promise<void> {
  const problem = (): Problem | undefined => findProblem(check, known, bad, lost)
  if (!(await persists(() => isKnown(check, known) && problem() !== undefined))) return
  const found = problem()
  if (!found) return
  const isHopeless = check.repair && check.force && !found.unknown && !hasUnreadableStore(check)
  const removed = isHopeless ? await forceRemoval(check, known) : undefined
  check.report({
    kind: 'image',
    id: nameOf(known),
    outcome: removed === true ? 'mended' : 'damaged',
    problem: found.text,
    advice: removed === true ? 'removed' : (removed ?? adviceFor(known, found)),
  })
}

interface Problem {
  text: string
  /** It may be whole: something cannot be read. */
  unknown?: boolean
}

function adviceFor(known: KnownImage, { unknown = false }: Problem): string {
  if (unknown) return 'make it readable and check again'
  const name = nameOf(known)
  return isNamed(known)
    ? `'pull ${name}' fetches what is missing, --repair --force removes the image`
    : `'rmi ${name}' or --repair --force removes it`
}

/** It may have lost its names meanwhile, or got another manifest. */
const isKnown = (check: Check, { names }: KnownImage): boolean =>
  names.some(({ reference, descriptor }) => {
    const now = readReference(check.engine.paths.data, reference)
    return now?.descriptor.digest === descriptor.digest
  })

function findProblem(
  check: Check,
  { id, names }: KnownImage,
  bad: BadBlobs,
  lost: ReadonlySet<Digest>,
): Problem | undefined {
  const [record] = names
  if (!record) return undefined
  const manifest = blobProblem(check, 'manifest', record.descriptor, bad)
  if (manifest) return manifest
  const image = tryImage(check, record)
  if (typeof image === 'string') return { text: `it cannot be read: ${image}`, unknown: true }
  if (!image) return { text: 'its manifest or its configuration is missing or damaged' }
  if (bad.wrong.has(image.id)) return { text: `its configuration ${image.id} is damaged` }
  if (image.id !== id) return { text: `its name says ${id}, its manifest ${image.id}` }
  if (image.config.diffIds.length !== image.layers.length)
    return { text: 'its manifest and its configuration disagree' }
  for (const layer of image.layers) {
    const problem = blobProblem(check, 'layer', layer, bad)
    if (problem) return problem
  }
  const gone = image.config.diffIds.find((diffId) => lost.has(diffId))
  return gone && { text: `its layer ${gone} is damaged` }
}

const sameNames = (one: KnownImage, names: readonly ReferenceRecord[]): boolean =>
  one.names[0]?.descriptor.digest === names[0]?.descriptor.digest

function blobProblem(
  { engine }: Check,
  what: string,
  { digest, size }: Descriptor,
  { wrong, unreadable }: BadBlobs,
): Problem | undefined {
  const isOwn = existsSync(blobPath(engine.paths.data, digest))
  const unknown = isOwn && unreadable.has(digest)
  const isBad = unknown || (isOwn && wrong.has(digest))
  if (hasBlobAnywhere(engine.stores, digest, size) && !isBad) return undefined
  const how = unknown ? 'cannot be read' : `is ${isOwn ? 'damaged' : 'missing'}`
  return { text: `the blob ${digest} of its ${what} ${how}`, unknown }
}

/** Whether what is missing may be in an image store that is not there now. */
export const hasUnreadableStore = ({ engine }: Check): boolean =>
  engine.stores.shared.some((store) => ownsStore(store) === undefined)

/** Removes an image under all names of its manifest; another one of its configuration may be whole. Returns why that cannot be. */
async function forceRemoval(check: Check, { id, names }: KnownImage): Promise<true | string> {
  const { engine } = check
  const isOnly = !listKnownImages(check).some(
    (other) => other.id === id && !sameNames(other, names),
  )
  const named = names.map(({ reference }) => reference).filter((name) => !name.startsWith('@'))
  if (!isOnly && named.length === 0) return 'it has no name to remove it by'
  try {
    for (const name of isOnly ? [id] : named)
      await removeImage(engine, name, { force: true, users: listImageUsers(engine) })
    return true
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    if (error.code === 'no-such-image') return true
    return error.message
  }
}
