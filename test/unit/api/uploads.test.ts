import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { bringUpload, takeUpload } from '../../../api/build/uploads.ts'
import type { Service } from '../../../api/http/call.ts'

const service = () => ({}) as Service
const text = async (stream: Readable): Promise<string> => {
  let all = ''
  for await (const chunk of stream) all += chunk
  return all
}

test.each([true, false])(
  'the context and its build find each other, whoever comes first',
  async (first) => {
    const own = service()
    const bring = () => bringUpload(own, 'one', Readable.from(['all of it']))
    const brought = first ? bring() : undefined
    const taken = takeUpload(own, 'one')
    const bringing = brought ?? bring()
    expect(await text(await taken)).toBe('all of it')
    await bringing
  },
)

test('who brings it waits until it is read, or not wanted any more', async () => {
  const own = service()
  let isOver = false
  const bringing = bringUpload(own, 'one', Readable.from(['x'])).then(() => {
    isOver = true
  })
  const context = await takeUpload(own, 'one')
  await new Promise(setImmediate)
  expect(isOver).toBe(false)
  context.destroy()
  await bringing
})

describe('nobody', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('waits for ever, and other ids and services are others', async () => {
    const own = service()
    const failures = [
      takeUpload(own, 'one'),
      bringUpload(own, 'two', Readable.from(['x'])),
      bringUpload(service(), 'one', Readable.from(['x'])),
    ].map((one) => expect(one).rejects.toThrow('no context has come for the build'))
    await vi.advanceTimersByTimeAsync(5000)
    await Promise.all(failures)
  })
})
