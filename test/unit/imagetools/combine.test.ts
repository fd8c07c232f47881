import { expect, test } from 'vitest'
import type { Digest } from '../../../lib/core/ids.ts'
import { parseAnnotations } from '../../../lib/imagetools/annotations.ts'
import { combine, type Part } from '../../../lib/imagetools/combine.ts'
import type { DescriptorDocument } from '../../../lib/oci/descriptor.ts'

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const INDEX = 'application/vnd.oci.image.index.v1+json'
const DOCKER = 'application/vnd.docker.distribution.manifest.v2+json'

const digestOf = (number: number): Digest => `sha256:${String(number).repeat(64)}` as Digest

const part = (number: number, more: Partial<DescriptorDocument> = {}): Part => ({
  descriptor: { mediaType: MANIFEST, digest: digestOf(number), size: number, ...more },
  bytes: Buffer.from(`manifest ${number}`),
})

const indexOf = (number: number, manifests: DescriptorDocument[]): Part => ({
  descriptor: { mediaType: INDEX, digest: digestOf(number), size: number },
  bytes: Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })),
})

const made = (parts: Part[], annotations: string[] = []) => {
  const { bytes, mediaType } = combine(parts, annotations.flatMap(parseAnnotations), true)
  const document = JSON.parse(bytes.toString())
  expect(document.mediaType).toBe(mediaType)
  return document
}

test('what is listed twice stands there once, with all that was said of it', () => {
  const platform = { architecture: 'arm', os: 'linux' }
  const first = part(1, { annotations: { a: '1', b: '1' } })
  const { manifests } = made([
    indexOf(3, [part(2).descriptor, first.descriptor]),
    part(1, { platform, annotations: { b: '2' } }),
  ])
  expect(manifests).toEqual([
    part(2).descriptor,
    { ...first.descriptor, annotations: { a: '1', b: '2' }, platform },
  ])
})

test('a single index is itself, a single manifest only if that is wished', () => {
  const index = indexOf(3, [part(1).descriptor])
  expect(combine([index], [], true).bytes).toBe(index.bytes)
  expect(combine([part(1)], [], false)).toMatchObject({ mediaType: MANIFEST, digest: digestOf(1) })
  expect(combine([part(1)], [], true).mediaType).toBe(INDEX)
  expect(combine([index], parseAnnotations('index:a=b'), true).bytes).not.toBe(index.bytes)
})

test('what is all of Docker becomes a list of Docker, which has no annotations', () => {
  const { mediaType, annotations } = made([part(1, { mediaType: DOCKER })], ['index:a=b'])
  expect(mediaType).toBe('application/vnd.docker.distribution.manifest.list.v2+json')
  expect(annotations).toBeUndefined()
})

test('annotations go where they say, by the order of their keys', () => {
  const arm = part(1, { platform: { architecture: 'arm', os: 'linux', variant: 'v7' } })
  const { bytes } = combine(
    [arm, part(2)],
    ['index:10=x', 'index:9=<y>', 'manifest-descriptor[linux/arm]:only=1'].flatMap(
      parseAnnotations,
    ),
    true,
  )
  const { manifests } = JSON.parse(bytes.toString())
  expect(manifests[0].annotations).toEqual({ only: '1' })
  expect(manifests[1].annotations).toBeUndefined()
  expect(bytes.toString()).toMatch(
    /"annotations": \{\n {4}"10": "x",\n {4}"9": "\\u003cy\\u003e"\n {2}\}\n\}$/,
  )
})

test('an index that is damaged is refused', () => {
  const damaged = { ...indexOf(3, []), bytes: Buffer.from('{"manifests":[{}]}') }
  expect(() => combine([damaged, part(1)], [], true)).toThrow('damaged')
})
