import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readEmbedded } from '../../../lib/image/embedded.ts'

const built = existsSync(join(import.meta.dirname, '../../../build/default-image.tar'))

test.runIf(built)('the carried image is whole', async () => {
  const image = await readEmbedded()
  expect(image.reference).toBe('docker.io/lighter/hello:latest')
  for (const [digest, bytes] of image.blobs) {
    expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(digest)
  }
  const manifest = JSON.parse(image.blobs.get(image.descriptor.digest)?.toString() ?? '')
  for (const { digest, size } of [manifest.config, ...manifest.layers]) {
    expect(image.blobs.get(digest)?.length).toBe(size)
  }
})
