import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Digest } from '../../../lib/core/ids.ts'
import {
  blobPath,
  digestOf,
  hasBlob,
  isBlobWhole,
  peekBlob,
  readBlob,
  writeBlob,
} from '../../../lib/store/blobs.ts'
import {
  hasLayer,
  layerPath,
  publishLayer,
  quarantineLayer,
  readLayer,
  writeLayerRecord,
} from '../../../lib/store/layers.ts'
import {
  listReferences,
  readReference,
  removeReference,
  writeReference,
} from '../../../lib/store/references.ts'

let data: string
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'lighter-store-'))
})
afterEach(() => rmSync(data, { recursive: true }))

const bytes = Buffer.from('{"some":"blob"}')
const digest = digestOf(bytes)
const diffId = `sha256:${'d'.repeat(64)}` as Digest

describe('blobs', () => {
  test('are stored under their digest, and only there', async () => {
    writeBlob(data, digest, bytes)
    expect(readBlob(data, digest, 100)).toEqual(bytes)
    expect(hasBlob(data, digest, bytes.length)).toBe(true)
    expect(await isBlobWhole(data, digest)).toBe(true)
    expect(() => writeBlob(data, diffId, bytes)).toThrow('does not match its digest')
    expect(JSON.parse(readFileSync(join(data, 'oci-layout'), 'utf8')).imageLayoutVersion).toBe(
      '1.0.0',
    )
  })

  test('damage is seen: of the length at once, of the content by reading', async () => {
    writeBlob(data, digest, bytes)
    writeFileSync(blobPath(data, digest), Buffer.alloc(bytes.length))
    expect(hasBlob(data, digest, bytes.length)).toBe(true)
    expect(readBlob(data, digest, 100)).toBeUndefined()
    expect(await isBlobWhole(data, digest)).toBe(false)
    writeFileSync(blobPath(data, digest), '')
    expect(hasBlob(data, digest, bytes.length)).toBe(false)
    expect(peekBlob(data, digest, bytes.length)).toBeUndefined()
  })

  /** A read error counted as other bytes, and the blob was thrown away. */
  test('what cannot be read is not damaged: nobody can tell', async () => {
    writeBlob(data, digest, bytes)
    rmSync(blobPath(data, digest))
    expect(await isBlobWhole(data, digest)).toBe(false)
    // Its first byte is an input/output error.
    symlinkSync('/proc/self/mem', blobPath(data, digest))
    await expect(isBlobWhole(data, digest)).rejects.toThrow('EIO')
  })
})

describe('layers', () => {
  const record = { diffId, bytes: 5, entries: 2, squashed: false }
  const draft = (name: string, content = record): string => {
    const path = join(data, name)
    mkdirSync(join(path, 'fs'), { recursive: true })
    writeLayerRecord(path, content)
    return path
  }

  test('the first one stays', () => {
    expect(publishLayer(data, draft('one'), diffId, false)).toBe(true)
    expect(publishLayer(data, draft('two'), diffId, false)).toBe(false)
    expect(readLayer(data, diffId, false)).toMatchObject(record)
    expect(hasLayer(data, diffId, true)).toBe(false)
  })

  test.each([
    ['no record', (path: string) => rmSync(join(path, 'layer.json'))],
    ['an empty record', (path: string) => writeFileSync(join(path, 'layer.json'), '')],
    ['no tree', (path: string) => rmSync(join(path, 'fs'), { recursive: true })],
    [
      'the record of another',
      (path: string) =>
        writeLayerRecord(path, { ...record, diffId: `sha256:${'e'.repeat(64)}` as Digest }),
    ],
  ])('%s: not a layer, and in nobody’s way', (_what, spoil) => {
    publishLayer(data, draft('one'), diffId, false)
    spoil(layerPath(data, diffId, false))
    expect(hasLayer(data, diffId, false)).toBe(false)
    quarantineLayer(data, diffId, false, mkdtempSync(join(data, 'aside-')))
    expect(publishLayer(data, draft('two'), diffId, false)).toBe(true)
    expect(hasLayer(data, diffId, false)).toBe(true)
  })

  const writtenBefore = (path: string): void => {
    const text = readFileSync(join(path, 'layer.json'), 'utf8')
    writeFileSync(join(path, 'layer.json'), text.replace(/"bootId":"[^"]*"/, '"bootId":"earlier"'))
  }

  test('one of an earlier boot counts only when it was synced', () => {
    publishLayer(data, draft('one'), diffId, false)
    const path = layerPath(data, diffId, false)
    expect(hasLayer(data, diffId, false)).toBe(true)
    writtenBefore(path)
    expect(hasLayer(data, diffId, false)).toBe(false)
    writeFileSync(join(path, 'synced'), '')
    expect(hasLayer(data, diffId, false)).toBe(true)
  })

  test('a good one is not taken away', () => {
    publishLayer(data, draft('one'), diffId, false)
    quarantineLayer(data, diffId, false, mkdtempSync(join(data, 'aside-')))
    expect(hasLayer(data, diffId, false)).toBe(true)
  })
})

describe('references', () => {
  const descriptor = { mediaType: 'application/json', digest, size: bytes.length }
  const record = (reference: string) => ({
    reference,
    descriptor,
    imageId: digest,
    createdAt: '2026-01-01T00:00:00Z',
  })

  test('a new one that does not get into index.json is not made', () => {
    mkdirSync(join(data, 'index.json'))
    expect(() => writeReference(data, record('docker.io/library/half:1'))).toThrow()
    expect(readReference(data, 'docker.io/library/half:1')).toBeUndefined()
  })

  test.each(['docker.io/library/x:1', '[::1]:5000/a/b:c', `h.io/${'a/'.repeat(120)}b:t`])(
    '%s is found again, also in index.json',
    (name) => {
      writeReference(data, record(name))
      expect(readReference(data, name)).toEqual(record(name))
      const index = JSON.parse(readFileSync(join(data, 'index.json'), 'utf8'))
      expect(index.manifests[0].annotations['org.opencontainers.image.ref.name']).toBe(name)
      removeReference(data, name)
      expect(listReferences(data)).toEqual([])
    },
  )

  test('a damaged one is as good as absent, and hides no other', () => {
    writeReference(data, record('docker.io/library/good:1'))
    for (const text of ['', 'null', '[]', '{"version":1}', '{"version":2}']) {
      writeFileSync(join(data, 'refs', 'bad.json'), text)
      expect(listReferences(data)).toHaveLength(1)
    }
  })
})
