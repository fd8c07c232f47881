import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { inParallel, Places } from '../../../lib/core/parallel.ts'

test('results are in the order of the items, and no more run at a time than may', async () => {
  let running = 0
  let most = 0
  const results = await inParallel([30, 5, 20, 1], 2, async (wait) => {
    running += 1
    most = Math.max(most, running)
    await sleep(wait)
    running -= 1
    return wait
  })
  expect(results).toEqual([30, 5, 20, 1])
  expect(most).toBe(2)
  expect(await inParallel([], 3, async () => 1)).toEqual([])
})

test('after a failure nothing is begun, and what runs comes to its end', async () => {
  const begun: number[] = []
  const ended: number[] = []
  const work = inParallel([1, 2, 3, 4], 2, async (item) => {
    begun.push(item)
    if (item === 1) throw new Error('first')
    await sleep(20)
    ended.push(item)
  })
  await expect(work).rejects.toThrow('first')
  expect(begun).toEqual([1, 2])
  expect(ended).toEqual([2])
})

test('places are passed on to who waits longest, and nobody waits after the signal', async () => {
  const places = new Places(1)
  const { signal } = new AbortController()
  const gone = new AbortController()
  const order: string[] = []
  const work = async (name: string, own: AbortSignal): Promise<void> => {
    using place = await places.take(own)
    order.push(place ? name : `${name} without`)
  }
  const first = await places.take(signal)
  const waiting = [work('a', signal), work('b', gone.signal), work('c', signal)]
  gone.abort()
  await waiting[1]
  expect(order).toEqual(['b without'])
  first?.[Symbol.dispose]()
  // The place is somebody's already.
  waiting.push(work('late', signal))
  await Promise.all(waiting)
  expect(order).toEqual(['b without', 'a', 'c', 'late'])
  expect(await places.take(gone.signal)).toBeUndefined()
  using last = await places.take(signal)
  expect(last).toBeDefined()
})
