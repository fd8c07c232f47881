import { Duplex } from 'node:stream'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { carriedBy, noticeDeath, probing } from '../../../api/streams/presence.ts'

/** A connection to a client; once it is dead every write fails, as the kernel has it. */
class Connection extends Duplex {
  isDead = false
  probes = 0
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    expect(chunk.length).toBe(0)
    this.probes++
    done(this.isDead ? new Error('EPIPE') : undefined)
  }
}

let client: Connection
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  client = new Connection({ allowHalfOpen: true })
  client.on('error', () => undefined)
})
afterEach(() => {
  client.destroy()
  vi.useRealTimers()
})

const turn = () => new Promise((resolve) => setImmediate(resolve))
const seconds = async (count: number) => {
  vi.advanceTimersByTime(count * 1000)
  await turn()
}

test('who is not read is asked each second, until that is over', async () => {
  const watch = probing(client)
  await seconds(3)
  expect(client.probes).toBe(3)
  watch[Symbol.dispose]()
  await seconds(3)
  expect(client.probes).toBe(3)
  expect(client.destroyed).toBe(false)
})

test('who has died is destroyed', async () => {
  using _ = probing(client)
  client.isDead = true
  await seconds(1)
  expect(client.destroyed).toBe(true)
})

test('who sends is not asked; who has sent all is, at once and from then on', async () => {
  noticeDeath(client)
  client.resume()
  await seconds(3)
  expect(client.probes).toBe(0)
  client.push(null)
  await turn()
  expect(client.probes).toBe(1)
  await seconds(2)
  expect(client.probes).toBe(3)
  client.isDead = true
  await seconds(1)
  expect(client.destroyed).toBe(true)
  expect(vi.getTimerCount()).toBe(0)
})

test('who had sent all before is asked too; who is gone already is not', async () => {
  client.resume()
  client.push(null)
  await turn()
  noticeDeath(client)
  await seconds(1)
  expect(client.probes).toBe(2)
  client.destroy()
  await turn()
  noticeDeath(client)
  expect(vi.getTimerCount()).toBe(0)
})

test('who takes nothing any more is left alone', async () => {
  using _ = probing(client)
  client.end()
  await seconds(2)
  expect(client.probes).toBe(0)
})

test('of messages the connection beneath them is asked, which tells the client nothing', async () => {
  const messages = new Connection()
  carriedBy(messages, client)
  using _ = probing(messages)
  await seconds(2)
  expect([messages.probes, client.probes]).toEqual([0, 2])
  messages.destroy()
})
