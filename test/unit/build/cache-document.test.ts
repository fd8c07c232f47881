import { describe, expect, test } from 'vitest'
import {
  readCache,
  readInline,
  writeCache,
  writeInline,
} from '../../../lib/build/export/cache/document.ts'
import { checkCacheSpec } from '../../../lib/build/export/cache/spec.ts'
import type { CacheEntry } from '../../../lib/build/export/cache-entry.ts'
import { parseCacheSpec } from '../../../lib/build/spec/cache.ts'
import type { Digest } from '../../../lib/core/ids.ts'
import { parseJson } from '../../../lib/fs/read.ts'

const digest = (digit: string): Digest => `sha256:${digit.repeat(64)}` as Digest
const key = (digit: string): string => digit.repeat(64)
const [base, top, linked] = [digest('1'), digest('2'), digest('3')]
const at = new Date(1e12)

const entries: CacheEntry[] = [
  { key: key('b'), parents: [key('a')], layers: [base, top], createdAt: at },
  { key: key('a'), parents: [], layers: [base], createdAt: at },
  { key: key('d'), parents: [], layers: [], createdAt: at },
  { key: key('c'), parents: [key('a'), key('d')], layers: [linked], createdAt: at },
]

describe('the list of a cache', () => {
  const blobOf = (diffId: Digest): Digest => diffId

  test('is in BuildKit’s form, whatever the order of its entries', () => {
    const { document, diffIds } = writeCache(entries, blobOf)
    expect(document).toEqual({
      layers: [
        { blob: base, parent: -1 },
        { blob: top, parent: 0 },
        { blob: linked, parent: -1 },
      ],
      records: [
        { layers: [{ layer: 0, createdAt: '2001-09-09T01:46:40Z' }], digest: digest('a') },
        {
          layers: [{ layer: 1, createdAt: '2001-09-09T01:46:40Z' }],
          digest: digest('b'),
          inputs: [[{ link: 0 }]],
        },
        {
          layers: [{ layer: 2, createdAt: '2001-09-09T01:46:40Z' }],
          digest: digest('c'),
          inputs: [[{ link: 0 }], [{ link: 3 }]],
        },
        { digest: digest('d') },
      ],
    })
    expect(diffIds).toEqual([base, top, linked])
    expect(writeCache([...entries].reverse(), blobOf).document).toEqual(document)
  })

  test('has no result that stands on a layer without a blob', () => {
    const { document } = writeCache(entries, (diffId) => (diffId === base ? undefined : diffId))
    expect(document.layers).toEqual([{ blob: linked, parent: -1 }])
  })

  test('is read back', () => {
    const { blobs, results } = readCache(writeCache(entries, blobOf).document)
    expect(blobs).toEqual([base, top, linked])
    expect(results.get(key('b'))).toEqual({ layers: [0, 1], createdAt: at })
    expect(results.get(key('c'))).toEqual({ layers: [2], createdAt: at })
    expect(results.has(key('d'))).toBe(false)
  })

  test.each([
    [null],
    [[]],
    [{ layers: 'x', records: {} }],
    [{ layers: [{ blob: 5, parent: 99 }, null], records: [null, { digest: 'x' }, 7] }],
    [
      {
        layers: [{ blob: base, parent: 0 }],
        records: [{ digest: digest('a'), layers: [{ layer: 0 }] }],
      },
    ],
    [{ layers: [], records: [{ digest: digest('a'), layers: [{ layer: 5 }, { layer: 'x' }] }] }],
  ])('%j has nothing to give', (document) => {
    expect([...readCache(document).results.keys()]).toEqual([])
  })

  test('may name the layers of a result one by one', () => {
    const records = [
      { digest: digest('a'), chains: [{ layers: [1, 0], createdAt: '2001-09-09T01:46:40Z' }] },
    ]
    const layers = [{ blob: base }, { blob: top }]
    const { results } = readCache({ layers, records })
    expect(results.get(key('a'))).toEqual({ layers: [1, 0], createdAt: at })
  })
})

describe('what an image keeps', () => {
  test('is of its own layers', () => {
    const text = writeInline(entries, [base, top]) ?? ''
    const results = readInline(parseJson(Buffer.from(text, 'base64')), 2)
    expect([...results]).toEqual([
      [key('a'), { layers: [0], createdAt: at }],
      [key('b'), { layers: [0, 1], createdAt: at }],
    ])
    expect(readInline(parseJson(Buffer.from(text, 'base64')), 1).has(key('b'))).toBe(false)
  })

  test('is nothing where no step made it', () => {
    expect(writeInline(entries, [digest('9')])).toBeUndefined()
  })
})

describe('a cache', () => {
  test.each([
    ['to', 'type=gha,mode=max', 'cache type gha is not supported'],
    ['from', 'type=gha', 'cache type gha is not supported'],
    ['to', 'type=s3,bucket=x', 'unknown cache exporter: "s3"'],
    ['from', 'type=bogus', 'unknown cache importer: "bogus"'],
    ['from', 'type=inline', 'unknown cache importer: "inline"'],
    ['to', 'type=registry', 'registry cache exporter requires ref'],
    ['to', 'type=local,src=x', 'local cache exporter requires dest'],
    ['from', 'type=local', 'local cache importer requires src'],
    ['to', 'type=local,dest=x,mode=all', 'invalid mode "all"'],
    ['to', 'type=local,dest=x,foo=bar', 'unknown attribute "foo"'],
  ] as const)('%s %s is refused', (way, text, message) => {
    expect(() => checkCacheSpec(parseCacheSpec(text), way)).toThrow(message)
  })

  test.each([
    ['to', 'type=registry,ref=a/b,mode=max,image-manifest=true,compression=zstd'],
    ['to', 'type=inline'],
    ['from', 'a/b'],
    ['from', `type=local,src=x,digest=${digest('1')}`],
  ] as const)('%s %s is not', (way, text) => {
    expect(() => checkCacheSpec(parseCacheSpec(text), way)).not.toThrow()
  })
})
