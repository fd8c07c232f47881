import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { spaceError } from '../fs/replace.ts'
import type { Descriptor } from '../oci/image.ts'
import { blobPath } from '../store/blobs.ts'
import { publishBlob } from './compress.ts'
import { Digesting } from './digesting.ts'
import { unpackGood } from './layer.ts'
import { pin } from './pin.ts'

export interface NewLayer {
  blob: Descriptor
  diffId: Digest
}

export const GZIP_LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip'

/** Two zero blocks: what an archive without entries is made of. */
const EMPTY_ARCHIVE = Buffer.alloc(1024)

/** An archive without a byte is one without an entry. */
class NeverEmpty extends Transform {
  #seen = false

  override _transform(
    chunk: Buffer,
    _encoding: BufferEncoding,
    done: (error: null, data: Buffer) => void,
  ): void {
    this.#seen ||= chunk.length > 0
    done(null, chunk)
  }

  override _flush(done: (error: null, data?: Buffer) => void): void {
    if (this.#seen) done(null)
    else done(null, EMPTY_ARCHIVE)
  }
}

/**
 * Stores an uncompressed archive as a layer, blob and tree. `draft` is the caller's: what is pinned there stays until an image
 * has it. Throws what the archive has wrong.
 */
export async function storeLayer(
  engine: Engine,
  draft: string,
  archive: Readable,
  pinned: readonly Digest[],
): Promise<NewLayer> {
  const { data } = engine.paths
  const path = join(draft, 'layer.tar.gz')
  const plain = new Digesting()
  const packed = new Digesting()
  try {
    await pipeline(
      archive,
      new NeverEmpty(),
      plain,
      createGzip(),
      packed,
      createWriteStream(path, { mode: 0o600 }),
    )
  } catch (error) {
    throw spaceError(error, path)
  }
  const blob = { mediaType: GZIP_LAYER, digest: packed.digest(), size: packed.size }
  const diffId = plain.digest()
  pin(draft, [...pinned, blob.digest], [diffId])
  publishBlob(data, path, blob)
  if (!(await unpackGood(engine, { blob, diffId }))) {
    throw new LighterError(
      'no-space',
      `The blob of the new layer was torn: ${blobPath(data, blob.digest)}`,
    )
  }
  return { blob, diffId }
}
