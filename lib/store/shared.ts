import { closeSync, existsSync, fstatSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, digestHex } from '../core/ids.ts'
import { isOutOfReach, listBeneath, openBeneath, readBeneath, useBeneath } from '../fs/beneath.ts'
import { MAX_MANIFEST, type Manifest, parseManifest } from '../oci/image.ts'
import { formatReference, parseReference } from '../oci/reference.ts'
import { blobPath, digestOf, hasBlob, MAX_PEEK, peekBlob } from './blobs.ts'
import { type LayerRecord, layerName, readLayer, readLayerIn } from './layers.ts'
import {
  listReferences,
  MAX_REFERENCE,
  parseReferenceRecord,
  type ReferenceRecord,
  readReference,
  recordName,
} from './references.ts'

/**
 * Where images are: the user's own store, and those of others, which are only read. Of what others have, names are believed;
 * manifests, configurations and layers only as far as their digests go; and links are not followed.
 */
export interface ImageStores {
  /** The data directory. */
  readonly own: string
  /** Data directories of others, the first one first asked. */
  readonly shared: readonly string[]
}

/** A name that is in a store of others. */
export interface SharedReference extends ReferenceRecord {
  store: string
}

const blobNames = (digest: Digest): string[] => ['blobs', 'sha256', digestHex(digest)]

/** The first answer of a store of others. */
function ask<T>(
  { shared }: ImageStores,
  question: (store: string) => T | undefined,
): T | undefined {
  for (const store of shared) {
    const answer = question(store)
    if (answer !== undefined) return answer
  }
  return undefined
}

/** Whether any store has a blob of that size. */
export const hasBlobAnywhere = (stores: ImageStores, digest: Digest, size: number): boolean =>
  hasBlob(stores.own, digest, size) || hasSharedBlob(stores, digest, size)

const hasSharedBlob = (stores: ImageStores, digest: Digest, size: number): boolean =>
  ask(stores, (store) =>
    useBeneath(store, blobNames(digest), (_fd, stat) => isOfSize(stat, size) || undefined),
  ) !== undefined

const isOfSize = (stat: { isFile(): boolean; size: number }, size: number): boolean =>
  stat.isFile() && stat.size === size

/** As `peekBlob`; what another store has is read only when its bytes are those of the digest. */
export const peekBlobAnywhere = (
  stores: ImageStores,
  digest: Digest,
  size: number,
): Buffer | undefined => peekBlob(stores.own, digest, size) ?? readShared(stores, digest, size)

/** A small blob of another store, of that size where one is given, its digest checked. */
export const readShared = (
  stores: ImageStores,
  digest: Digest,
  size?: number,
): Buffer | undefined =>
  ask(stores, (store) => {
    const bytes = readBeneath(store, blobNames(digest), MAX_PEEK)
    if (!bytes || (size !== undefined && bytes.length !== size)) return undefined
    return digestOf(bytes) === digest ? bytes : undefined
  })

/** Opens a blob of that size, the own one first; its content is not checked. The descriptor is the caller's. */
export function openBlob(stores: ImageStores, digest: Digest, size: number): number {
  const own = blobPath(stores.own, digest)
  if (hasBlob(stores.own, digest, size)) return openSync(own, 'r')
  const shared = ask(stores, (store) => {
    const fd = openBeneath(store, blobNames(digest))
    if (fd === undefined || isOfSize(fstatSync(fd), size)) return fd
    closeSync(fd)
    return undefined
  })
  return shared ?? openSync(own, 'r')
}

/** A name in the stores of others that the own store does not have. */
export const findSharedReference = (
  stores: ImageStores,
  reference: string,
): SharedReference | undefined =>
  readReference(stores.own, reference)
    ? undefined
    : ask(stores, (store) => {
        const record = readSharedRecord(store, recordName(reference))
        return record?.reference === reference ? record : undefined
      })

/** All names in the stores of others that the own store does not have, sorted within each store. */
export function listSharedReferences(stores: ImageStores): SharedReference[] {
  if (stores.shared.length === 0) return []
  const known = new Set(listReferences(stores.own).map(({ reference }) => reference))
  return stores.shared.flatMap(listStore).filter(({ reference }) => {
    if (known.has(reference)) return false
    known.add(reference)
    return true
  })
}

/** All names in one store of others. */
export const listStore = (store: string): SharedReference[] =>
  listBeneath(store, ['refs'])
    .filter((name) => name.endsWith('.json'))
    .sort()
    .flatMap((name) => readSharedRecord(store, name) ?? [])

/** A name that others give an image, whether or not the own store has that name, too. */
export const findSharedImage = (
  { shared }: ImageStores,
  imageId: Digest,
): SharedReference | undefined =>
  shared.flatMap(listStore).find((record) => record.imageId === imageId)

/** The own names, then those of others. */
export const listAllReferences = (stores: ImageStores): ReferenceRecord[] => [
  ...listReferences(stores.own),
  ...listSharedReferences(stores),
]

function readSharedRecord(store: string, name: string): SharedReference | undefined {
  const record = parseReferenceRecord(readBeneath(store, ['refs', name], MAX_REFERENCE))
  return record && isBelievable(store, record) ? { ...record, store } : undefined
}

/**
 * A record is believed a name in its full form, and nothing that a manifest does not say: the image's id is the digest of its
 * configuration; a digest in the name is the manifest's, or that of an index with this manifest in it.
 */
function isBelievable(store: string, record: ReferenceRecord): boolean {
  const { reference, descriptor, imageId } = record
  try {
    const name = parseReference(reference)
    if (formatReference(name) !== reference) return false
    const manifest = readManifest(store, descriptor.digest)
    if (manifest?.kind !== 'image' || manifest.config.digest !== imageId) return false
    if (name.digest === undefined || name.digest === descriptor.digest) return true
    const index = readManifest(store, name.digest)
    return (
      index?.kind === 'index' && index.manifests.some(({ digest }) => digest === descriptor.digest)
    )
  } catch {
    return false
  }
}

function readManifest(store: string, digest: Digest): Manifest | undefined {
  const bytes = readBeneath(store, blobNames(digest), MAX_MANIFEST)
  return bytes && digestOf(bytes) === digest ? parseManifest(bytes, '') : undefined
}

/** Whether a layer's tree is where this user's containers can stand on it. */
export const hasLayerAnywhere = (stores: ImageStores, diffId: Digest, squashed: boolean): boolean =>
  readLayerAnywhere(stores, diffId, squashed) !== undefined

/** The record of such a layer. */
export const readLayerAnywhere = (
  stores: ImageStores,
  diffId: Digest,
  squashed: boolean,
): LayerRecord | undefined =>
  readLayer(stores.own, diffId, squashed) ?? findShared(stores, layerName(diffId, squashed))?.record

/** Where the tree of a layer's directory of this name is; in the own store when it is nowhere. */
export function layerTree(stores: ImageStores, name: string): string {
  const own = join(stores.own, 'layers', name, 'fs')
  return existsSync(own) ? own : (findShared(stores, name)?.tree ?? own)
}

/**
 * A layer in another store that containers can stand on. Its files have the ids of who unpacked it, and nobody else's namespace can
 * make others of them, nor can anybody check a tree without reading all of it: only what this very user has made is used.
 */
const findShared = (
  stores: ImageStores,
  name: string,
): { tree: string; record: LayerRecord } | undefined =>
  ask(stores, (store) => {
    const record = readOwnLayer(store, name)
    return record && { tree: join(store, 'layers', name, 'fs'), record }
  })

function readOwnLayer(store: string, name: string): LayerRecord | undefined {
  const squashed = name.endsWith('-squashed')
  const diffId = `sha256:${name.replace(/-squashed$/, '')}` as Digest
  const isOwn = (names: string[]): boolean =>
    useBeneath(store, names, (_fd, stat) => stat.isDirectory() && isOurs(stat)) === true
  if (!isOwn([]) || !isOwn(['layers']) || !isOwn(['layers', name])) return undefined
  // The tree is mounted by its path.
  if (!isOutOfReach(store)) return undefined
  const isTree = useBeneath(store, ['layers', name, 'fs'], (_fd, stat) => stat.isDirectory())
  return isTree ? readLayerIn(join(store, 'layers', name), diffId, squashed) : undefined
}

/** Nobody else can put something in its place. */
const isOurs = ({ uid, mode }: { uid: number; mode: number }): boolean =>
  uid === process.getuid?.() && (mode & 0o022) === 0

/** Whether a store's trees are this user's own; `undefined` for what is no store, or none that can be read. */
export const ownsStore = (store: string): boolean | undefined =>
  readBeneath(store, ['version'], 16)?.toString('utf8').trim() === '1'
    ? useBeneath(store, [], (_fd, stat) => stat.uid === process.getuid?.())
    : undefined
