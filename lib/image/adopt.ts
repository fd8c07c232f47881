import type { Engine } from '../engine.ts'
import { MAX_CONFIG, MAX_MANIFEST } from '../oci/image.ts'
import { readBlob, writeBlob } from '../store/blobs.ts'
import { listReferences, writeReference } from '../store/references.ts'
import { readShared } from '../store/shared.ts'
import type { Image } from './find.ts'

/**
 * Makes an image of another store one that the own store keeps: its documents are copied, and where it has no name here it gets the
 * nameless reference, so that what is unpacked of it stays until it is pruned, and the image can be read without the other store.
 */
export function adoptImage(engine: Engine, image: Image): void {
  const { own } = engine.stores
  if (!listReferences(own).some(({ imageId }) => imageId === image.id)) {
    const record = { descriptor: image.manifest, imageId: image.id }
    const createdAt = new Date().toISOString()
    writeReference(own, { reference: `@${image.id}`, ...record, createdAt })
  }
  copyDocuments(engine, image)
}

/** Manifest and configuration of an image that has a name in the own store; the name keeps removals beside us away from them. */
export function copyDocuments({ stores }: Engine, image: Pick<Image, 'id' | 'manifest'>): void {
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
