import { afterEach, expect, test } from 'vitest'
import { formatDate, formatDateRfc3339 } from '../../../../cli/output/date.ts'

const zone = process.env.TZ
afterEach(() => {
  if (zone === undefined) delete process.env.TZ
  else process.env.TZ = zone
})

test.each([
  ['UTC', '2024-01-31 20:30:00 +0000 UTC', '2024-01-31T20:30:00Z'],
  ['Asia/Kolkata', '2024-02-01 02:00:00 +0530 ', '2024-02-01T02:00:00+05:30'],
  ['America/New_York', '2024-01-31 15:30:00 -0500 ', '2024-01-31T15:30:00-05:00'],
])('in %s', (TZ, date, rfc3339) => {
  process.env.TZ = TZ
  expect(formatDate('2024-01-31T20:30:00Z')).toMatch(date)
  expect(formatDateRfc3339(Date.parse('2024-01-31T20:30:00Z') / 1000)).toBe(rfc3339)
})

test('the zero of the time of Go', () => {
  process.env.TZ = 'UTC'
  expect(formatDateRfc3339(-62_135_596_800)).toBe('0001-01-01T00:00:00Z')
})
