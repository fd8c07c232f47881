import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { begin } from '../helpers/hijack.ts'
import { openStream, UPGRADE } from '../helpers/open-stream.ts'
import { containersOf, serve } from '../helpers/served.ts'
import { startService, type TestService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

/** Each waits for an end that comes about when it wants: what is missed at times is missed in one of so many. */
const ROUNDS = 20

const { world, service, ask } = serve('api-waits', { quiet: true })
const { create, start } = containersOf({ ask })
let other: TestService
beforeAll(async () => {
  other = await startService(world, ['--time', '0'], join(world.sockets, 'other.sock'))
})
afterAll(() => other?.stop())

const SHORT = { Cmd: ['sh', '-c', 'exit 7'] }
const THROWAWAY = { ...SHORT, HostConfig: { NetworkMode: 'none', AutoRemove: true } }
const SEVEN = '{"StatusCode":7}\n'

const wait = async (name: string, condition: string, at = service): Promise<string> =>
  (await at.ask('POST', `/v1.45/containers/${name}/wait?condition=${condition}`)).text
const remove = (name: string) => ask('DELETE', `/containers/${name}?force=1`)
const rounds = Array.from({ length: ROUNDS }, (_, round) => `round-${round}`)
/** Four at once, so that they get into each other's way. */
async function each(task: (name: string) => Promise<void>): Promise<void> {
  const names = [...rounds]
  const worker = async () => {
    for (let name = names.pop(); name !== undefined; name = names.pop()) await task(name)
  }
  await Promise.all(Array.from({ length: 4 }, worker))
}

// Clients look at the output as soon as they know the exit code, dockerode's `run` for one.
test('who waits hears of the end after others were sent all that was written', () =>
  each(async (name) => {
    await create(name, { Cmd: ['sh', '-c', 'head -c 100000 /dev/zero; exit 7'] })
    const path = `/v1.45/containers/${name}/attach?stream=1&stdout=1`
    const attached = await openStream(service.socket, { method: 'POST', path, headers: UPGRADE })
    await start(name)
    expect(await wait(name, 'not-running')).toBe(SEVEN)
    // What is in both sockets is read in any order.
    await setImmediate()
    expect(attached.bytes().length).toBeGreaterThan(100_000)
    await remove(name)
  }))

describe('an end is not missed', () => {
  test('that comes about when it is asked for', () =>
    each(async (name) => {
      await create(name, SHORT)
      await start(name)
      expect(await wait(name, 'not-running')).toBe(SEVEN)
      await remove(name)
    }))

  test.each(['not-running', 'next-exit', 'removed'])('by force, %s', (condition) =>
    each(async (name) => {
      await create(name, { Cmd: ['sleep', '9999'] })
      await start(name)
      const waiting = wait(name, condition)
      const killed = ask('POST', `/containers/${name}/kill`)
      if (condition === 'next-exit') {
        // Who asks too late waits for the next one.
        await killed
        const again = ask('POST', `/containers/${name}/start`)
        await Promise.race([waiting, again])
        await remove(name)
      } else if (condition === 'removed') await remove(name)
      await killed
      expect(await waiting).toBe('{"StatusCode":137}\n')
      await remove(name)
    }),
  )

  test.each(['next-exit', 'removed'])('of what another service starts, %s', (condition) =>
    each(async (name) => {
      await create(name, THROWAWAY)
      const path = `/v1.45/containers/${name}/wait?condition=${condition}`
      const { text } = await begin(service.socket, path)
      expect((await other.ask('POST', `/containers/${name}/start`)).status).toBe(204)
      expect(await text).toBe(SEVEN)
    }),
  )

  test('while it starts, by several', () =>
    each(async (name) => {
      await create(name, SHORT)
      const path = `/v1.45/containers/${name}/wait?condition=next-exit`
      const first = await begin(service.socket, path)
      const second = await begin(other.socket, path)
      await start(name)
      expect([await first.text, await second.text]).toEqual([SEVEN, SEVEN])
      await remove(name)
    }))
})

describe('a throwaway that has gone before it is waited for', () => {
  test('by its id: its exit code, from the service that started it', () =>
    each(async (name) => {
      const id = await create(name, THROWAWAY)
      await start(name)
      await until(
        async () => (await ask('GET', `/containers/${id}/json`)).status === 404,
        'it goes',
      )
      expect(await wait(id, 'next-exit')).toBe(SEVEN)
      expect(await wait(id, 'removed')).toBe(SEVEN)
    }))

  test('by its name, by part of its id, from another service: it is not there', async () => {
    const id = await create('gone', THROWAWAY)
    await start('gone')
    await until(async () => (await ask('GET', `/containers/${id}/json`)).status === 404, 'it goes')
    for (const [name, at] of [
      ['gone', service],
      [id.slice(0, 12), service],
      [id, other],
    ] as const) {
      expect(await wait(name, 'removed', at)).toBe(`{"message":"No such container: ${name}"}\n`)
    }
  })

  test('one that was removed without a start is not one', async () => {
    const id = await create('never', THROWAWAY)
    await remove('never')
    expect(await wait(id, 'removed')).toBe(`{"message":"No such container: ${id}"}\n`)
  })
})
