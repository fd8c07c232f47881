import { expect, test } from 'vitest'
import type { Digest } from '../../../lib/core/ids.ts'
import { listDocument } from '../../../lib/manifest/list.ts'
import { readDescriptor, readPlatform } from '../../../lib/oci/descriptor.ts'

const digest = `sha256:${'1'.repeat(64)}` as Digest

test('the document is that of Docker, blank for blank', () => {
  const platform = readPlatform({
    variant: 'v7',
    os: 'linux',
    'os.features': ['<a>'],
    architecture: 'arm',
  })
  const mediaType = 'application/vnd.docker.distribution.manifest.v2+json'
  expect(listDocument([{ mediaType, digest, size: 3, platform }])).toEqual({
    mediaType: 'application/vnd.docker.distribution.manifest.list.v2+json',
    text: String.raw`{
   "schemaVersion": 2,
   "mediaType": "application/vnd.docker.distribution.manifest.list.v2+json",
   "manifests": [
      {
         "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
         "size": 3,
         "digest": "${digest}",
         "platform": {
            "architecture": "arm",
            "os": "linux",
            "os.features": [
               "\u003ca\u003e"
            ],
            "variant": "v7"
         }
      }
   ]
}`,
  })
})

test('the first member says of which family a list is', () => {
  const oci = 'application/vnd.oci.image.manifest.v1+json'
  const entry = { digest, size: 1, platform: readPlatform({}) }
  expect(
    listDocument([
      { ...entry, mediaType: oci },
      { ...entry, mediaType: 'x' },
    ]).mediaType,
  ).toBe('application/vnd.oci.image.index.v1+json')
})

test('a descriptor is read with what belongs there, in its order', () => {
  const read = readDescriptor({
    platform: { os: 'linux', architecture: 'arm', variant: 7 },
    annotations: { a: 'b', c: 1 },
    size: 2,
    urls: [],
    digest,
    mediaType: 'm',
    unknown: true,
  })
  expect(JSON.stringify(read)).toBe(
    `{"mediaType":"m","digest":"${digest}","size":2,"annotations":{"a":"b"},"platform":{"architecture":"arm","os":"linux"}}`,
  )
  for (const wrong of [null, {}, { digest, size: -1 }, { digest: 'sha256:1', size: 1 }])
    expect(() => readDescriptor(wrong)).toThrow('damaged')
})
