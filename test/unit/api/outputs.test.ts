import { expect, test } from 'vitest'
import { Outputs } from '../../../api/streams/outputs.ts'

test('an end waits for all clients of that container, and for no others', async () => {
  const outputs = new Outputs()
  const [first, second, other] = [1, 2, 3].map(() => Promise.withResolvers<void>())
  outputs.note('a', first?.promise as Promise<void>)
  outputs.note('a', second?.promise as Promise<void>)
  outputs.note('b', other?.promise as Promise<void>)
  const told: string[] = []
  const end = outputs.sent('a').then(() => told.push('end'))
  first?.promise.then(() => told.push('first'))
  second?.promise.catch(() => told.push('second'))
  first?.resolve()
  await first?.promise
  expect(told).toEqual(['first'])
  second?.reject(new Error('gone'))
  await end
  expect(told).toEqual(['first', 'second', 'end'])
  await outputs.sent('a')
})

test('a client that does not read is not waited for for ever', async () => {
  const outputs = new Outputs()
  outputs.note('a', new Promise(() => undefined))
  await outputs.sent('a')
})
