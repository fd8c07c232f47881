import { expect, test } from 'vitest'
import {
  isDecimal,
  isInteger,
  isLowerAlphanumeric,
  isLowerHex,
} from '../../../lib/core/characters.ts'
import { instantText, nowNanoseconds, shortInstant } from '../../../lib/core/instant.ts'
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
    const text = instantText(BigInt(milliseconds) * 1_000_000n + 120n)
    expect(text).toBe(new Date(milliseconds).toISOString().replace('Z', '000120Z'))
    expect(Date.parse(text)).toBe(milliseconds)
  },
)

test('an instant as Go writes it', () => {
  expect(shortInstant(instantText(1_500_000_000n))).toBe('1970-01-01T00:00:01.5Z')
  expect(shortInstant(instantText(10_000_000_000n))).toBe('1970-01-01T00:00:10Z')
  expect(shortInstant('0001-01-01T00:00:00Z')).toBe('0001-01-01T00:00:00Z')
})

test('now has more digits than milliseconds, and agrees with the clock', () => {
  const before = Date.now()
  const instants = Array.from({ length: 100 }, nowNanoseconds)
  const after = Date.now()
  for (const instant of instants) {
    expect(Number(instant / 1_000_000n)).toBeGreaterThanOrEqual(before)
    expect(Number(instant / 1_000_000n)).toBeLessThanOrEqual(after)
  }
  expect(instants.some((instant) => instant % 1_000_000n !== 0n)).toBe(true)
  expect([...instants].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))).toEqual(instants)
})

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
