import { describe, expect, test } from 'vitest'
import type { Digest } from '../../../lib/core/ids.ts'
import type { Engine } from '../../../lib/engine.ts'
import { filterImages } from '../../../lib/image/filter.ts'
import { type ListedImage, NONE } from '../../../lib/image/list.ts'

const DIGEST = `sha256:${'d'.repeat(64)}`

function row(name: string, id: string, created = '2024-01-01T00:00:00Z'): ListedImage {
  const [repository = '', tag = NONE] = name.split(/[:@]/)
  const isDigest = name.includes('@')
  const names = { repository, tag: isDigest ? NONE : tag, digest: isDigest ? DIGEST : NONE }
  return { ...names, id: id as Digest, created, size: 1, labels: { a: id } }
}

const rows = [
  row('busybox:latest', 'one'),
  row('team/app:1.0', 'one'),
  row('team/app:1.1', 'two', '2024-06-01T00:00:00Z'),
  row(`team/lib@${DIGEST}`, 'three', ''),
  row(`busybox@${DIGEST}`, 'two'),
  row(NONE, 'four'),
]

const choose = (name: string, ...values: string[]): string[] =>
  filterImages({} as Engine, rows, new Map([[name, values]]), Date.parse).map(
    ({ repository, tag, digest }) =>
      tag === NONE ? `${repository}@${digest.slice(0, 7)}` : `${repository}:${tag}`,
  )

describe('reference', () => {
  test.each([
    ['busybox', ['busybox:latest', 'busybox@sha256:']],
    ['busybox:*', ['busybox:latest']],
    ['busybox@*', ['busybox@sha256:']],
    ['*', ['busybox:latest', 'busybox@sha256:']],
    ['*/*', ['team/app:1.0', 'team/app:1.1', 'team/lib@sha256:']],
    ['team/app:1.?', ['team/app:1.0', 'team/app:1.1']],
    ['team/app:1.[1-9]', ['team/app:1.1']],
    ['team/app:1.[^1]', ['team/app:1.0']],
    ['team/app:1[.]0', ['team/app:1.0']],
    ['team/app:1\\.0', ['team/app:1.0']],
    ['team\\/app:1.0', ['team/app:1.0']],
    ['team/a+p', []],
    ['(busybox|x)', []],
    ['$', []],
    ['', []],
    [NONE, []],
  ])('%s', (pattern, expected) => {
    expect(choose('reference', pattern)).toEqual(expected)
  })

  test.each(['[', 'a[b', 'a\\', '[]', '[^]', '[z-a]'])('%s is no pattern', (pattern) => {
    expect(() => choose('reference', pattern)).toThrow('syntax error in pattern')
  })
})

test('dangling: images without any tag; the rest has names of some kind', () => {
  expect(choose('dangling', 'true')).toEqual(['team/lib@sha256:', `${NONE}@<none>`])
  expect(choose('dangling', 'false')).toEqual([
    'busybox:latest',
    'team/app:1.0',
    'team/app:1.1',
    'team/lib@sha256:',
    'busybox@sha256:',
  ])
  expect(() => choose('dangling', 'true', 'x', 'false')).toThrow(
    "invalid filter 'dangling=[false true x]'",
  )
})

test('until: an image without a time is never old enough', () => {
  expect(choose('until', '2024-03-01')).not.toContain('team/app:1.1')
  expect(choose('until', '2025-01-01', '2024-03-01')).not.toContain('team/app:1.1')
  expect(choose('until', '2025-01-01')).toContain('team/app:1.1')
  expect(choose('until', '2025-01-01')).not.toContain('team/lib@sha256:')
})

test('a filter that is none', () => {
  expect(() => choose('label!', 'a')).toThrow("invalid filter 'label!'")
})
