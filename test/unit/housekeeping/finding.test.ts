import { expect, test } from 'vitest'
import { forEach, persists } from '../../../lib/housekeeping/check/finding.ts'

test('what is right at any look was never damage', async () => {
  const looks = (...answers: boolean[]) => {
    let count = 0
    return () => answers[count++] ?? true
  }
  expect(await persists(() => true)).toBe(true)
  expect(await persists(() => false)).toBe(false)
  expect(await persists(looks(true, false))).toBe(false)
  expect(await persists(looks(true, true, true, false))).toBe(false)
})

test('each item is worked on once, a few at a time', async () => {
  const done: number[] = []
  let now = 0
  let most = 0
  await forEach([1, 2, 3, 4, 5], async (item) => {
    most = Math.max(most, ++now)
    await new Promise((resolve) => setTimeout(resolve, 5))
    now -= 1
    done.push(item)
  })
  expect(done.toSorted()).toEqual([1, 2, 3, 4, 5])
  expect(most).toBe(2)
  await expect(forEach([1], () => Promise.reject(new Error('no')))).rejects.toThrow('no')
})
