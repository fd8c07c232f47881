import { Readable } from 'node:stream'
import type { PushTarget } from '../../registry/upload.ts'
import type { ComposedDocument } from './compose.ts'

/** Makes a configuration or an attestation be in the registry. Throws `registry-…`. */
export async function sendDocument(
  target: PushTarget,
  { mediaType, digest, size, bytes }: Omit<ComposedDocument, 'isManifest'>,
): Promise<void> {
  if (await target.hasBlob(digest)) return
  await target.uploadBlob(
    { mediaType, digest, size },
    { open: (from, end) => Readable.from([bytes.subarray(from, end)]), onSent: () => undefined },
  )
}
