import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadEmbedded, readEmbedded } from '../../../lib/image/embedded.ts'

test('the carried image is whole', async () => {
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

test('its blobs are stored; another reference is not its business', async () => {
  const data = mkdtempSync(join(tmpdir(), 'lighter-embedded-'))
  try {
    expect(await loadEmbedded(data, 'docker.io/library/debian:latest')).toBeUndefined()
    for (const _ of ['first', 'again']) {
      const loaded = await loadEmbedded(data, 'docker.io/lighter/hello:latest')
      expect(loaded?.imageId).toMatch(/^sha256:/)
      const hex = loaded?.descriptor.digest.slice(7) ?? ''
      expect(existsSync(join(data, 'blobs/sha256', hex))).toBe(true)
    }
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
})
