import { expect, test } from 'vitest'
import { parseRanges, subidSource } from '../../../lib/host/subids.ts'

test('ranges are read with the line they stand in', () => {
  const text = '# comment\n\nalice:100000:65536\n1000:200000:1000\nbob:1:0\n'
  expect(parseRanges(text, '/etc/subuid:')).toEqual([
    { owner: 'alice', start: 100000, count: 65536, origin: '/etc/subuid:3' },
    { owner: '1000', start: 200000, count: 1000, origin: '/etc/subuid:4' },
  ])
})

test.each(['alice', 'alice:1', 'alice:x:1', ':1:1', 'alice:4294967295:2', 'alice:-1:5'])(
  'the line %j is refused with file and line',
  (line) => {
    expect(() => parseRanges(`root:1:1\n${line}\n`, '/etc/subuid:')).toThrow(
      `/etc/subuid:2: not a range of ids: "${line}"`,
    )
  },
)

test.each([
  ['', undefined],
  ['passwd: files\nsubid: files\n', undefined],
  ['subid: sss\n', 'sss'],
  ['#subid: sss\n', undefined],
])('nsswitch %j: source %s', (text, source) => {
  expect(subidSource(text)).toBe(source)
})
