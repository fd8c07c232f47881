import type { Engine } from '../engine.ts'
import { MAX_CONFIG, MAX_MANIFEST } from '../oci/image.ts'
import { readBlob, writeBlob } from '../store/blobs.ts'
import { listReferences, writeReference } from '../store/references.ts'
import { readShared } from '../store/shared.ts'
import type { Image } from './find.ts'
import { holdBlobs } from './hold.ts'
import { originsOfImage } from './origin.ts'

type Documents = Pick<Image, 'id' | 'manifest'>

/**
 * Makes an image of another store one that the own store keeps: its documents are copied, and where it has no name here it gets the
 * nameless reference, so that what is unpacked of it stays until it is pruned, and the image can be read without the other store.
 */
export function adoptImage(engine: Engine, image: Image): void {
  const { own } = engine.stores
  using _documents = keepDocuments(engine, image)
  if (listReferences(own).some(({ imageId }) => imageId === image.id)) return
  const record = {
    descriptor: image.manifest,
    imageId: image.id,
    // Where it comes from is asked for when that store is gone, too.
    pulledAs: originsOfImage(engine.stores, image.id),
  }
  const createdAt = new Date().toISOString()
  writeReference(own, { reference: `@${image.id}`, ...record, createdAt })
}

/**
 * As `copyDocuments`, for an image that has no name in the own store yet: removals beside us keep away from them until what is
 * returned is disposed of. So a name never stands for what is not there.
 */
export function keepDocuments(engine: Engine, image: Documents): Disposable {
  if (engine.stores.shared.length === 0) return { [Symbol.dispose]: () => undefined }
  const release = holdBlobs(engine.paths.data, [image.manifest.digest, image.id], [])
  try {
    copyDocuments(engine, image)
  } catch (error) {
    release()
    throw error
  }
  return { [Symbol.dispose]: release }
}

/** Brings manifest and configuration of an image into the own store, synced; somebody must hold them, or name them at once. */
export function copyDocuments({ stores }: Engine, image: Documents): void {
  if (stores.shared.length === 0) return
  for (const [digest, limit] of [
    [image.manifest.digest, MAX_MANIFEST],
    [image.id, MAX_CONFIG],
  ] as const) {
    if (readBlob(stores.own, digest, limit)) continue
    const bytes = readShared(stores, digest)
    if (bytes) writeBlob(stores.own, digest, bytes)
  }
}
