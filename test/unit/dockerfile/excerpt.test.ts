import { expect, test } from 'vitest'
import { excerpt } from '../../../lib/dockerfile/excerpt.ts'

const lines = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `L${index + 1}`)

/** The numbers of what is shown, marked ones with `>`; what Docker 26.1 shows. */
function shown(count: number, start: number, end: number): string {
  const text = excerpt(lines(count), 'Dockerfile', { start, end })
  const numbers = text.split('\n').slice(2, -1)
  return numbers
    .map((line) => `${line.includes('>>>') ? '>' : ''}${Number(line.slice(0, 5))}`)
    .join(' ')
}

test('the block under an error', () => {
  const text = excerpt(['FROM scratch', '', 'FORM x', ''], 'a/Dockerfile', { start: 3, end: 3 })
  expect(text).toBe(
    [
      'a/Dockerfile:3',
      '--------------------',
      '   1 |     FROM scratch',
      '   2 |     ',
      '   3 | >>> FORM x',
      '   4 |     ',
      '--------------------',
    ].join('\n'),
  )
})

test.each([
  [20, 10, 10, '8 9 >10 11 12'],
  [20, 10, 12, '9 >10 >11 >12 13'],
  [20, 1, 1, '>1 2 3'],
  [20, 20, 20, '18 19 >20'],
  [3, 2, 2, '1 >2 3'],
  [5, 4, 9, '3 >4 >5'],
  [1, 1, 1, '>1'],
])('of %i lines, %i to %i: %s', (count, start, end, expected) => {
  expect(shown(count, start, end)).toBe(expected)
})

test.each([
  [0, 0],
  [4, 4],
])('nothing for lines that are not there: %i', (start, end) => {
  expect(excerpt(lines(3), 'Dockerfile', { start, end })).toBe('')
})

test('nothing in it steers a terminal', () => {
  expect(excerpt(['a\u001b[2J\tb\r'], 'f', { start: 1, end: 1 })).toContain('>>> a[2J\tb\n')
})
