import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { framesOf, hijack } from '../helpers/hijack.ts'
import { containersOf, serve } from '../helpers/served.ts'
import { startService, type TestService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const ALL = 'stream=1&stdin=1&stdout=1&stderr=1'

/** Clients that attach before the start. Whoever starts the container knows nothing of them. */
const { world, service, ask } = serve('api-attach-waiting', { quiet: true, removed: ['made'] })
const { create } = containersOf({ ask })
let other: TestService
const startOther = async () => {
  other = await startService(world, ['--time', '0'], join(world.sockets, 'other.sock'))
}
beforeAll(startOther)
afterAll(() => other?.stop())

const attach = (query = ALL) => hijack(service.socket, `/v1.45/containers/made/attach?${query}`)
const byCommandLine = async () =>
  expect(await world.lighter(['start', 'made'])).toMatchObject({ exitCode: 0, stderr: '' })
const byOther = async () =>
  expect((await other.ask('POST', '/containers/made/start')).status).toBe(204)
const remove = () => service.ask('DELETE', '/containers/made?force=1')
const shell = (script: string, more: object = {}) => ({ Cmd: ['sh', '-c', script], ...more })

/** Sockets of those who wait for a start. */
const waiting = (): string[] => {
  const folder = join(world.sockets, 'containers')
  return readdirSync(folder)
    .filter((name) => name.endsWith('.waiting'))
    .flatMap((name) => readdirSync(join(folder, name)))
}

describe.each([
  // Quick runs one after the other: what is lost at times is lost in one of them.
  ['the command line', byCommandLine, 8],
  ['another service', byOther, 20],
])('started by %s', (_, start, rounds) => {
  test('nothing of a very short run is lost, and nothing comes twice', async () => {
    for (let round = 0; round < rounds; round++) {
      await create('made', shell(`echo out-${round}; echo err-${round} >&2`))
      const client = await attach()
      await start()
      expect(framesOf(await client.rest()).sort()).toEqual([
        [1, `out-${round}\n`],
        [2, `err-${round}\n`],
      ])
      await remove()
    }
    expect(waiting()).toEqual([])
  })

  test('nor of a throwaway that no log keeps', async () => {
    const HostConfig = { NetworkMode: 'none', AutoRemove: true, LogConfig: { Type: 'none' } }
    for (let round = 0; round < rounds / 4; round++) {
      await create('made', shell('echo out', { HostConfig }))
      const client = await attach()
      await start()
      expect(framesOf(await client.rest())).toEqual([[1, 'out\n']])
      await until(async () => (await service.ask('GET', '/containers/made/json')).status === 404)
    }
  })

  test('what is typed early is read once, and its end ends the input', async () => {
    await create('made', { Cmd: ['cat'], OpenStdin: true, StdinOnce: true })
    const client = await attach()
    client.socket.end('typed early')
    await start()
    expect(framesOf(await client.rest())).toEqual([[1, 'typed early']])
  })

  test('a terminal', async () => {
    await create('made', shell('read line; echo got $line', { Tty: true, OpenStdin: true }))
    const client = await attach()
    client.socket.write('hello\n')
    await start()
    expect((await client.rest()).toString()).toBe('hello\r\ngot hello\r\n')
  })

  test('each of several, and of what it asked for', async () => {
    await create('made', shell('echo out; echo err >&2'))
    const clients = [
      await attach(),
      await attach('stream=1&stderr=1'),
      await attach('stream=1&stdout=1'),
    ]
    await start()
    const [all = [], err, out] = await Promise.all(
      clients.map(async (client) => framesOf(await client.rest())),
    )
    expect([all.length, err, out]).toEqual([2, [[2, 'err\n']], [[1, 'out\n']]])
  })
})

test('who goes before the start leaves nothing behind', async () => {
  await create('made', shell('read line; echo $line', { OpenStdin: true, StdinOnce: true }))
  const gone = await attach()
  const client = await attach()
  expect(waiting()).toHaveLength(2)
  gone.socket.destroy()
  await until(() => waiting().length === 1, 'its socket is gone')
  await byCommandLine()
  // The end of the one that is gone is not that of the input.
  client.socket.write('typed\n')
  expect(framesOf(await client.rest())).toEqual([[1, 'typed\n']])
})

test('what a service that was killed has left is in nobody’s way', async () => {
  await create('made', shell('echo out'))
  await hijack(other.socket, `/v1.45/containers/made/attach?${ALL}`)
  other.child.kill('SIGKILL')
  await until(() => other.child.signalCode !== null)
  const client = await attach()
  expect(waiting()).toHaveLength(2)
  await byCommandLine()
  expect(framesOf(await client.rest())).toEqual([[1, 'out\n']])
  expect(waiting()).toEqual([])
  // Nor does it outlive a container that is never started.
  await remove()
  await create('made', shell('true'))
  await startOther()
  const left = await hijack(other.socket, `/v1.45/containers/made/attach?${ALL}`)
  left.socket.on('error', () => undefined)
  other.child.kill('SIGKILL')
  await until(() => other.child.signalCode !== null)
  await remove()
  expect(waiting()).toEqual([])
  await startOther()
})
