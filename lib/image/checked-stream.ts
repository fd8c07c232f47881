import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { LighterError } from '../core/errors.ts'
import { streamOf } from '../fs/beneath.ts'
import type { Descriptor } from '../oci/image.ts'

const CHUNK = 1024 * 1024

/**
 * The bytes of an open file, which is closed at their end, while their digest is made: `verified` rejects with `digest-mismatch` when
 * they are not the blob's. Whoever has had enough of them destroys `bytes`; the rest is read all the same.
 */
export function checkedStream(
  fd: number,
  blob: Descriptor,
): { bytes: PassThrough; verified: Promise<void> } {
  const bytes = new PassThrough({ highWaterMark: CHUNK })
  const verified = passAll(fd, blob, bytes).catch((error) => {
    bytes.destroy(error instanceof Error ? error : undefined)
    throw error
  })
  return { bytes, verified }
}

async function passAll(fd: number, blob: Descriptor, bytes: PassThrough): Promise<void> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of streamOf(fd, { highWaterMark: CHUNK })) {
    size += chunk.length
    if (size > blob.size) break
    hash.update(chunk)
    if (!bytes.destroyed && !bytes.write(chunk)) await drained(bytes)
  }
  if (size !== blob.size || `sha256:${hash.digest('hex')}` !== blob.digest) {
    throw new LighterError('digest-mismatch', `the bytes of ${blob.digest} are others`)
  }
  bytes.end()
}

async function drained(bytes: PassThrough): Promise<void> {
  const stop = new AbortController()
  const { signal } = stop
  await Promise.race([once(bytes, 'drain', { signal }), once(bytes, 'close', { signal })])
    .catch(() => undefined)
    .finally(() => stop.abort())
}
