import { expect, test } from 'vitest'
import { parseAnnotations } from '../../../lib/imagetools/annotations.ts'
import { parseSources, parseTags } from '../../../lib/imagetools/source.ts'
import { formatReference } from '../../../lib/oci/reference.ts'

const DIGEST = `sha256:${'1'.repeat(64)}`

const places = (texts: string[], tags: string[] = []): string[] =>
  parseSources(texts, parseTags(tags)).map(({ reference }) => formatReference(reference))

test('what names no repository is in the only one there is', () => {
  expect(places(['busybox:1', DIGEST])).toEqual([
    'docker.io/library/busybox:1',
    `docker.io/library/busybox@${DIGEST}`,
  ])
  expect(places([`{"digest":"${DIGEST}"}`], ['a.example/b:c', 'a.example/b:d'])).toEqual([
    `a.example/b@${DIGEST}`,
  ])
  expect(() => places([DIGEST])).toThrow('no repositories specified')
  expect(() => places([DIGEST, 'a'], ['b'])).toThrow('multiple repositories specified')
})

test('a descriptor says what it wants to say, and nothing that is not there', () => {
  const text = `{"digest":"${DIGEST}","size":0,"platform":{"os":"linux"},"annotations":{"a":"b","c":1}}`
  expect(parseSources([text], parseTags(['a']))[0]?.wish).toEqual({
    mediaType: '',
    digest: DIGEST,
    size: undefined,
    annotations: { a: 'b' },
    platform: { os: 'linux', architecture: '' },
  })
  for (const wrong of ['{', '{}', '{"digest":"sha256:1"}', '[]', 'A b', 'sha256', `${DIGEST}0`])
    expect(() => places([wrong], ['a'])).toThrow(/^failed to parse source /)
})

test.each([
  ['a=b', [{ type: '', key: 'a', value: 'b' }]],
  ['index:a.b/c=d=e', [{ type: 'index', key: 'a.b/c', value: 'd=e' }]],
  [
    'index,manifest:a:b=',
    [
      { type: 'index', key: 'a:b', value: '' },
      { type: 'manifest', key: 'a:b', value: '' },
    ],
  ],
  [
    'manifest-descriptor[linux/arm/7],index-descriptor:k=v',
    [
      {
        type: 'manifest-descriptor',
        platform: { os: 'linux', architecture: 'arm', variant: 'v7' },
        key: 'k',
        value: 'v',
      },
      { type: 'index-descriptor', key: 'k', value: 'v' },
    ],
  ],
])('annotations %s', (text, annotations) => {
  expect(parseAnnotations(text)).toEqual(
    annotations.map((one) => ({ platform: undefined, ...one })),
  )
})

test.each([
  ['a', 'invalid annotation "a", expected key=value'],
  ['a b=c', 'invalid annotation format, expected <type>:<key>=<value>, got "a b=c"'],
  ['index:=c', 'invalid annotation format, expected <type>:<key>=<value>, got "=c"'],
  ['index,:a=b', 'invalid annotation type "", expected type and optional platform in square'],
  ['Index:a=b', 'invalid annotation type "Index", expected type and optional platform in square'],
  ['index,foo:a=b', 'unknown annotation type "foo"'],
  ['index[a/b/c/d/e]:a=b', 'invalid platform "a/b/c/d/e": '],
])('annotation %s is refused', (text, sentence) => {
  expect(() => parseAnnotations(text)).toThrow(sentence)
})
