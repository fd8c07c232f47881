import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import type { AnswerStream, Reply } from '../../../api/http/reply.ts'
import { bar, ProgressStream } from '../../../api/images/progress.ts'

/** A client that reads nothing until it is asked to. */
function silentClient() {
  const writable = new PassThrough({ highWaterMark: 1024 })
  let isBegun = false
  const reply = {
    stream: () => {
      isBegun = true
      return { writable } as unknown as AnswerStream
    },
  } as unknown as Reply
  const read = async () => {
    let text = ''
    for await (const chunk of writable) text += chunk
    return text
      .split('\r\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  }
  return { stream: new ProgressStream(reply), read, isBegun: () => isBegun }
}

// As Docker 26.1 draws them.
test.each([
  [39936, 1982443, `[=>${' '.repeat(49)}]  39.94kB/1.982MB`],
  [32768, 2133504, `[>${' '.repeat(50)}]  32.77kB/2.134MB`],
  [3907, 10240, `[${'='.repeat(19)}>${' '.repeat(31)}]  3.907kB/10.24kB`],
  [5120, 5120, `[${'='.repeat(50)}>]   5.12kB/5.12kB`],
  [5120, 13, `[${'='.repeat(50)}>]   5.12kB`],
  [512, -1, '    512B'],
])('%i of %i', (current, total, text) => {
  expect(bar(current, total)).toBe(text)
})

describe('a stream of progress', () => {
  test('begins with its first line; what fails before is no part of it', async () => {
    const { stream, isBegun, read } = silentClient()
    expect(() => stream.fail(new Error('early'), 'early')).toThrow('early')
    expect([stream.hasBegun, isBegun()]).toEqual([false, false])
    stream.tell({ status: 'one' })
    stream.fail(new Error('late'), 'late')
    const lines = read()
    await stream.end()
    expect(await lines).toEqual([
      { status: 'one' },
      { errorDetail: { message: 'late' }, error: 'late' },
    ])
  })

  test('leaves out counts that are overtaken, and never the last one', async () => {
    const { stream, read } = silentClient()
    for (let current = 1; current <= 1000; current++)
      for (const id of ['a', 'b']) stream.tellState(id, 'Downloading', current, 2000)
    stream.tellState('a', 'Download complete')
    const lines = read()
    await stream.end()
    const told = await lines
    expect(told.length).toBeLessThan(20)
    expect(told.at(-2)).toEqual({ status: 'Download complete', progressDetail: {}, id: 'a' })
    expect(told.at(-1)).toMatchObject({ id: 'b', progressDetail: { current: 1000 } })
  })

  test('tells when there is room for more', async () => {
    const { stream, read } = silentClient()
    await stream.drained()
    stream.tell({ status: 'x'.repeat(100_000) })
    expect(stream.waiting).toBeGreaterThan(100_000)
    let isDrained = false
    const drained = stream.drained().then(() => {
      isDrained = true
    })
    await new Promise(setImmediate)
    expect(isDrained).toBe(false)
    const lines = read()
    await drained
    await stream.end()
    expect(await lines).toHaveLength(1)
  })
})
