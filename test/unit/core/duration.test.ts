import { expect, test } from 'vitest'
import { parseDuration } from '../../../lib/core/duration.ts'

const complain = (reason: string): Error => new Error(reason)

test.each([
  ['0', 0],
  ['10s', 10e9],
  ['1h30m', 5400e9],
  ['1.5s', 1.5e9],
  ['.5m', 30e9],
  ['100ms', 100e6],
  ['-2s', -2e9],
  ['3us', 3000],
])('%s is %i nanoseconds', (text, expected) => {
  expect(parseDuration(text, complain)).toBe(expected)
})

test.each([
  ['', 'time: invalid duration ""'],
  ['5', 'time: missing unit in duration "5"'],
  // More than 64 bits hold, in the digits or by the unit.
  ['99999999999999999999', 'time: invalid duration "99999999999999999999"'],
  ['2562048h', 'time: invalid duration "2562048h"'],
  ['x', 'time: invalid duration "x"'],
  ['5d', 'time: unknown unit "d" in duration "5d"'],
  ['-', 'time: invalid duration "-"'],
])('%j is refused: %s', (text, reason) => {
  expect(() => parseDuration(text, complain)).toThrow(new Error(reason))
})
