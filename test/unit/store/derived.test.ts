import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Digest } from '../../../lib/core/ids.ts'
import { readTreeDigest, writeTreeDigest } from '../../../lib/store/layers.ts'
import {
  deriveIndex,
  isIndexCurrent,
  removeReference,
  writeReference,
} from '../../../lib/store/references.ts'

let data: string
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'lighter-derived-'))
})
afterEach(() => rmSync(data, { recursive: true }))

const digest = `sha256:${'a'.repeat(64)}` as Digest
const record = (reference: string) => ({
  reference,
  descriptor: {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest,
    size: 2,
  },
  imageId: digest,
  createdAt: '2001-09-09T01:46:40Z',
})

test('index.json is current until a reference changes without it', () => {
  expect(isIndexCurrent(data)).toBe(false)
  writeReference(data, record('docker.io/library/one:1'))
  expect(isIndexCurrent(data)).toBe(true)
  removeReference(data, 'docker.io/library/one:1')
  expect(isIndexCurrent(data)).toBe(false)
  deriveIndex(data)
  expect(isIndexCurrent(data)).toBe(true)
  for (const text of ['', '{}', 'x'.repeat(5000)]) {
    writeFileSync(join(data, 'index.json'), text)
    expect(isIndexCurrent(data)).toBe(false)
  }
})

test('the digest of a tree is remembered; what is torn, or of other rules, counts as none', () => {
  const layer = join(data, 'layer')
  mkdirSync(layer)
  expect(readTreeDigest(layer)).toBeUndefined()
  writeTreeDigest(layer, digest)
  expect(readTreeDigest(layer)).toBe(digest)
  for (const text of ['', '{"version":1', 'null', '{"version":0,"digest":"x"}', '{"version":1}']) {
    writeFileSync(join(layer, 'tree.json'), text)
    expect(readTreeDigest(layer), text).toBeUndefined()
  }
})
