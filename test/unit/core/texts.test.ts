import { expect, test } from 'vitest'
import {
  isDecimal,
  isInteger,
  isLowerAlphanumeric,
  isLowerHex,
} from '../../../lib/core/characters.ts'
import { instantText } from '../../../lib/core/instant.ts'
import { randomBelow, randomHex } from '../../../lib/core/random.ts'
import { parseTruth } from '../../../lib/core/truth.ts'

const SAMPLES = [
  '',
  '0',
  '907',
  '-1',
  '+2',
  '+-3',
  '-',
  '1.0',
  ' 1',
  '1\n',
  '٣',
  'af09',
  'AF',
  'g',
  'a-b',
  'é',
  'aé'.repeat(9),
]

test.each(SAMPLES)('characters of %j are told apart as a pattern does', (text) => {
  expect(isDecimal(text)).toBe(/^[0-9]+$/.test(text) && !text.endsWith('\n'))
  expect(isInteger(text)).toBe(/^[+-]?\d+$/.test(text))
  expect(isLowerHex(text, text.length)).toBe(/^[0-9a-f]*$/.test(text) && !text.endsWith('\n'))
  expect(isLowerAlphanumeric(text)).toBe(/^[a-z0-9]+$/.test(text) && !text.endsWith('\n'))
})

test('hex digits are counted', () => {
  expect(isLowerHex('abc', 4)).toBe(false)
  expect(isLowerHex('abcd', 4)).toBe(true)
})

test.each([0, 1, 951782399999, 1709164800000, 4102444799007, Date.now()])(
  'the instant %i is written as toISOString does',
  (milliseconds) => {
    const date = new Date(milliseconds)
    expect(instantText(date)).toBe(date.toISOString())
  },
)

test('truth values are those of strconv.ParseBool', () => {
  expect(['1', 't', 'T', 'TRUE', 'true', 'True'].map(parseTruth)).toEqual(Array(6).fill(true))
  expect(['0', 'f', 'F', 'FALSE', 'false', 'False'].map(parseTruth)).toEqual(Array(6).fill(false))
  expect(['', 'yes', 'tRUE', 'on', '2'].map(parseTruth)).toEqual(Array(5).fill(undefined))
})

test('random digits have the wanted length and are given out once', () => {
  const texts = [1, 6, 32, 255, 256, 257, 1000].map((bytes) => [bytes, randomHex(bytes)] as const)
  for (const [bytes, text] of texts) expect(isLowerHex(text, 2 * bytes)).toBe(true)
  const ids = Array.from({ length: 2000 }, () => randomHex(8))
  expect(new Set(ids).size).toBe(ids.length)
  expect(randomBelow(7)).toBeLessThan(7)
})
