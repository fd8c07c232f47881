import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { LighterError } from '../../core/errors.ts'
import { type Digest, shortId } from '../../core/ids.ts'
import { listNames } from '../../fs/drafts.ts'
import { parseJson } from '../../fs/read.ts'
import { type Image, readImage } from '../../image/find.ts'
import { removeImage } from '../../image/remove.ts'
import { listImageUsers } from '../../image/users.ts'
import { type Descriptor, parseManifest } from '../../oci/image.ts'
import { familiarReference, parseReference } from '../../oci/reference.ts'
import { blobPath } from '../../store/blobs.ts'
import {
  deriveIndex,
  findInIndex,
  isIndexCurrent,
  listReferences,
  type ReferenceRecord,
  readReference,
  writeReference,
} from '../../store/references.ts'
import { hasBlobAnywhere, ownsStore, peekBlobAnywhere } from '../../store/shared.ts'
import { type Check, persists } from './finding.ts'

/** An image under all names of one manifest. */
export interface KnownImage {
  id: Digest
  names: ReferenceRecord[]
  /** Absent: its manifest or its configuration cannot be read. */
  image: Image | undefined
}

/** All images; those of one configuration with different manifests are several. */
export function listKnownImages(check: Check): KnownImage[] {
  const known = new Map<string, KnownImage>()
  for (const record of listReferences(check.engine.paths.data)) {
    const key = `${record.imageId} ${record.descriptor.digest}`
    const one = known.get(key)
    if (one) one.names.push(record)
    else
      known.set(key, {
        id: record.imageId,
        names: [record],
        image: readImage(check.engine, record),
      })
  }
  return [...known.values()]
}

/** The name to call an image by: a tag, else a digest, else its id. */
export function nameOf({ id, names }: KnownImage): string {
  const named = names.map(({ reference }) => reference).filter((name) => !name.startsWith('@'))
  const best = named.find((name) => !name.includes('@')) ?? named[0]
  return best === undefined ? shortId(id) : familiarReference(parseReference(best))
}

const isNamed = ({ names }: KnownImage): boolean =>
  names.some(({ reference }) => !reference.startsWith('@'))

/** Records of names that say nothing: a power cut tore them. With `repair` they are written anew from index.json, or go. */
export async function checkReferences(check: Check): Promise<void> {
  const { data } = check.engine.paths
  for (const name of listNames(join(data, 'refs'))) {
    if (!name.endsWith('.json') || isReference(data, name)) continue
    if (!(await persists(() => existsSync(join(data, 'refs', name)) && !isReference(data, name))))
      continue
    const restored = check.repair && restore(check, name)
    if (check.repair && !restored) rmSync(join(data, 'refs', name), { force: true })
    check.report({
      kind: 'reference',
      id: decode(name.replace(/\.json$/, '')),
      outcome: check.repair ? 'mended' : 'damaged',
      problem: 'its record is damaged',
      advice: restored
        ? 'written anew from index.json'
        : check.repair
          ? 'removed: the next pull makes it anew'
          : '--repair writes it anew from index.json, or removes it',
    })
  }
  await checkIndex(check)
}

/** Writes a record anew from what index.json says: an image that was built or loaded here has no other way back. */
function restore({ engine }: Check, file: string): boolean {
  const { data } = engine.paths
  const known = findInIndex(data, file)
  const bytes =
    known && peekBlobAnywhere(engine.stores, known.descriptor.digest, known.descriptor.size)
  if (!bytes) return false
  try {
    const manifest = parseManifest(bytes, known.descriptor.mediaType)
    if (manifest.kind !== 'image') return false
    const createdAt = new Date().toISOString()
    writeReference(data, { ...known, imageId: manifest.config.digest, createdAt })
    return true
  } catch (error) {
    if (error instanceof LighterError) return false
    throw error
  }
}

function isReference(data: string, file: string): boolean {
  let bytes: Buffer
  try {
    bytes = readFileSync(join(data, 'refs', file))
  } catch {
    return !existsSync(join(data, 'refs', file))
  }
  const reference = (parseJson(bytes) as { reference?: unknown } | null | undefined)?.reference
  return typeof reference === 'string' && readReference(data, reference) !== undefined
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

async function checkIndex(check: Check): Promise<void> {
  const { data } = check.engine.paths
  // Before the first image there is no layout.
  if (!existsSync(join(data, 'refs'))) return
  const isWrong = () => !existsSync(join(data, 'oci-layout')) || !isIndexCurrent(data)
  if (!(await persists(isWrong))) return
  if (check.repair) deriveIndex(data)
  check.report({
    kind: 'index',
    id: 'index.json',
    outcome: check.repair ? 'mended' : 'damaged',
    problem: 'it does not say what the references say',
    advice: check.repair ? 'written anew' : '--repair writes it anew',
  })
}

/**
 * Whether images have all they need. `bad`: blobs that are known to be damaged; `lost`: layers that cannot be made anew. With
 * `repair` and `force` an image that is not whole is removed.
 */
export async function checkImages(
  check: Check,
  bad: ReadonlySet<Digest>,
  lost: ReadonlySet<Digest>,
): Promise<void> {
  for (const known of listKnownImages(check)) {
    const problem = (): string | undefined => findProblem(check, known, bad, lost)
    if (!(await persists(() => isKnown(check, known) && problem() !== undefined))) continue
    const found = problem() ?? ''
    const isHopeless = check.repair && check.force && !hasUnreadableStore(check)
    const removed = isHopeless ? await forceRemoval(check, known) : undefined
    check.report({
      kind: 'image',
      id: nameOf(known),
      outcome: removed === true ? 'mended' : 'damaged',
      problem: found,
      advice: removed === true ? 'removed' : (removed ?? adviceFor(known)),
    })
  }
}

function adviceFor(known: KnownImage): string {
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
  bad: ReadonlySet<Digest>,
  lost: ReadonlySet<Digest>,
): string | undefined {
  const [record] = names
  if (!record) return undefined
  const blob = (what: string, descriptor: Descriptor): string | undefined =>
    blobProblem(check, what, descriptor, bad)
  const manifest = blob('manifest', record.descriptor)
  if (manifest) return manifest
  const image = readImage(check.engine, record)
  if (!image) return 'its manifest or its configuration is missing or damaged'
  if (bad.has(image.id)) return `its configuration ${image.id} is damaged`
  if (image.id !== id) return `its name says ${id}, its manifest ${image.id}`
  if (image.config.diffIds.length !== image.layers.length)
    return 'its manifest and its configuration disagree'
  for (const layer of image.layers) {
    const problem = blob('layer', layer)
    if (problem) return problem
  }
  const gone = image.config.diffIds.find((diffId) => lost.has(diffId))
  return gone && `its layer ${gone} is damaged`
}

const sameNames = (one: KnownImage, names: readonly ReferenceRecord[]): boolean =>
  one.names[0]?.descriptor.digest === names[0]?.descriptor.digest

function blobProblem(
  { engine }: Check,
  what: string,
  { digest, size }: Descriptor,
  bad: ReadonlySet<Digest>,
): string | undefined {
  const isOwn = existsSync(blobPath(engine.paths.data, digest))
  if (hasBlobAnywhere(engine.stores, digest, size) && !(isOwn && bad.has(digest))) return undefined
  return `the blob ${digest} of its ${what} is ${isOwn ? 'damaged' : 'missing'}`
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
