import { describe, expect, test } from 'vitest'
import { parseReference } from '../../../lib/oci/reference.ts'
import { findEndpoints, type Rule } from '../../../lib/registry/rules.ts'

const rule = (prefix: string, more: Partial<Rule> = {}): Rule => ({
  ...{ prefix, insecure: false, blocked: false, mirrors: [], source: '/conf', ...more },
})
const mirror = (location: string, serves: 'all' | 'digest-only' | 'tag-only' = 'all') => ({
  ...{ location, insecure: false, serves },
})
const digest = `sha256:${'a'.repeat(64)}`
const places = (rules: Rule[], text: string, insecure: string[] = []): string[] =>
  findEndpoints({ rules, insecure }, parseReference(text)).map(
    ({ registry, repository, insecure }) => `${registry}/${repository}${insecure ? ' !' : ''}`,
  )

test('without a rule an image is where its name says', () => {
  expect(places([], 'debian')).toEqual(['docker.io/library/debian'])
  expect(places([rule('quay.example')], 'quay.example.org/a')).toEqual(['quay.example.org/a'])
})

describe('a prefix', () => {
  test.each([
    ['a.example', 'a.example/b/c', true],
    ['a.example/b', 'a.example/b/c', true],
    ['a.example/b/c', 'a.example/b/c:1', true],
    ['a.example/b', 'a.example/bc', false],
    ['a.example', 'a.example:5000/b', false],
    ['a.example/b:1', 'a.example/b:1', true],
    ['a.example/b:1', 'a.example/b:2', false],
    [`a.example/b@${digest}`, `a.example/b@${digest}`, true],
    ['*.example', 'a.example/b', true],
    ['*.example', 'a.example:5000/b', true],
    ['*.example', 'example/b', false],
  ])('%s and %s', (prefix, text, fits) => {
    const [place] = places([rule(prefix, { insecure: true })], text)
    expect(place?.endsWith(' !')).toBe(fits)
  })

  test('the longest counts', () => {
    const rules = [
      rule('a.example', { location: 'short.example' }),
      rule('a.example/b', { location: 'long.example/x' }),
    ]
    expect(places(rules, 'a.example/b/c')).toEqual(['long.example/x/c'])
    expect(places(rules, 'a.example/d')).toEqual(['short.example/d'])
  })
})

test('mirrors come first, and below their own path', () => {
  const rules = [
    rule('docker.io', { mirrors: [mirror('m.example:5000/hub'), mirror('n.example')] }),
  ]
  expect(places(rules, 'debian:12')).toEqual([
    'm.example:5000/hub/library/debian',
    'n.example/library/debian',
    'docker.io/library/debian',
  ])
})

test('a mirror for digests, or for tags', () => {
  const mirrors = [mirror('d.example', 'digest-only'), mirror('t.example', 'tag-only')]
  const rules = [rule('docker.io', { mirrors })]
  expect(places(rules, 'x/y')).toEqual(['t.example/x/y', 'docker.io/x/y'])
  expect(places(rules, `x/y@${digest}`)).toEqual(['d.example/x/y', 'docker.io/x/y'])
})

test('the later of two with one prefix counts', () => {
  const rules = [rule('a.example', { location: 'b.example' }), rule('a.example', { blocked: true })]
  expect(() => places(rules, 'a.example/x')).toThrow('is blocked')
  expect(places(rules.reverse(), 'a.example/x')).toEqual(['b.example/x'])
})

test.each([
  ['10.0.0.0/8', '10.9.8.7:5000/b', true],
  ['10.0.0.0/8', '11.9.8.7:5000/b', false],
  ['10.0.0.0/8', 'ten.example/b', false],
  ['a.example:5000', 'a.example:5000/b', true],
  ['a.example', 'a.example:5000/b', false],
])('insecure %s and %s', (entry, text, fits) => {
  expect(places([], text, [entry])[0]?.endsWith(' !')).toBe(fits)
})

test('an insecure registry is one as a mirror, too, and whatever a rule says', () => {
  const rules = [rule('docker.io', { mirrors: [mirror('m.example:5000')] })]
  expect(places(rules, 'x/y', ['m.example:5000'])).toEqual([
    'm.example:5000/x/y !',
    'docker.io/x/y',
  ])
})

test('what is blocked is said with the file that says so', () => {
  const rules = [rule('a.example/bad', { blocked: true })]
  expect(() => places(rules, 'a.example/bad/x:1')).toThrow(
    'registry a.example/bad is blocked in /conf: a.example/bad/x:1',
  )
  expect(places(rules, 'a.example/good')).toEqual(['a.example/good'])
})
