import { expect, test } from 'vitest'
import { formatTimestamp, parseTimestamp } from '../../../lib/core/timestamp.ts'

const NOW = Date.parse('2026-11-25T12:00:00Z')
const nano = (text: string): bigint => BigInt(Date.parse(text)) * 1_000_000n

test.each([
  ['0', 0n],
  ['1795635546', 1_795_635_546_000_000_000n],
  ['1795635546.593138067', 1_795_635_546_593_138_067n],
  ['1.5', 1_500_000_000n],
  ['2026-11-25T10:00:00Z', nano('2026-11-25T10:00:00Z')],
  ['2026-11-25T10:00:00.000000001Z', nano('2026-11-25T10:00:00Z') + 1n],
  ['2026-11-25T10:00:00+02:00', nano('2026-11-25T08:00:00Z')],
  ['2026-11-25T10Z', nano('2026-11-25T10:00:00Z')],
  ['2026-11-25', nano('2026-11-25T00:00:00')],
  ['10m', nano('2026-11-25T11:50:00Z')],
  ['-10m', nano('2026-11-25T12:10:00Z')],
])('%s', (text, time) => {
  expect(parseTimestamp(text, NOW)).toBe(time)
})

test.each(['x', '2026-13-45', ''])('what is no time: "%s"', (text) => {
  expect(() => parseTimestamp(text, NOW)).toThrow(
    `failed to parse value as time or duration: ${JSON.stringify(text)}`,
  )
})

test('all nine digits are shown', () => {
  expect(formatTimestamp(1_795_635_546_000_000_007n)).toMatch(
    /^2026-11-25T\d\d:39:06\.000000007(Z|[+-]\d\d:\d\d)$/,
  )
})
