import { expect, test } from 'vitest'
import { parseDangling } from '../../../lib/core/dangling.ts'

test('the filter dangling, as Docker reads it', () => {
  for (const values of [['1'], ['true'], ['1', 'true'], ['x', '1']])
    expect(parseDangling(values)).toBe(true)
  for (const values of [['0'], ['false'], ['0', 'x']]) expect(parseDangling(values)).toBe(false)
  for (const values of [['t'], ['TRUE'], [''], ['1', '0']])
    expect(() => parseDangling(values)).toThrow(
      `invalid filter 'dangling=[${values.toSorted().join(' ')}]'`,
    )
})
