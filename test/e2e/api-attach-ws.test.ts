import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { hijack } from '../helpers/hijack.ts'
import { HELLO as image, serve } from '../helpers/served.ts'
import { until } from '../helpers/until.ts'

const ALL = 'stream=1&stdin=1&stdout=1&stderr=1'

const { world, service, restart } = serve('api-attach-ws', { quiet: true, removed: ['made'] })

const make = (...args: string[]) =>
  world.lighter(['create', '--name', 'made', '--network', 'none', ...args])
const start = () => service.ask('POST', '/containers/made/start')

/** A client of the container's websocket, once it is connected; `ended`: the code of its end. */
async function connect(path = `/v1.45/containers/made/attach/ws?${ALL}`) {
  const socket = new WebSocket(`ws+unix:${service.socket}:${path}`)
  let said = ''
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    said += isBinary ? data.toString('utf8') : '(text)'
  })
  const ended = new Promise<number>((resolve) => socket.once('close', resolve))
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  return { socket, said: () => said, ended }
}

test('both directions, without frames, to the end', async () => {
  await make('-i', image, 'sh', '-c', 'read line; echo got $line; echo err >&2')
  const client = await connect()
  client.socket.send('hello\n')
  await start()
  expect(await client.ended).toBe(1000)
  expect(client.said().split('\n').sort()).toEqual(['', 'err', 'got hello'])
})

test('only what is asked for; older clients get all', async () => {
  await make('-i', image, 'sh', '-c', 'echo out; echo err >&2; cat')
  const few = await connect('/v1.45/containers/made/attach/ws?stream=1&stderr=1')
  const old = await connect('/v1.41/containers/made/attach/ws?stream=1')
  await start()
  old.socket.send('typed')
  await until(() => old.said().includes('typed'))
  expect(old.said()).toMatch(/out\n/)
  await world.lighter(['kill', 'made'])
  await Promise.all([few.ended, old.ended])
  expect(few.said()).toBe('err\n')
})

test('a client that leaves, or is cut, leaves the container alone', async () => {
  await make('-it', image, 'sh')
  await start()
  const first = await connect()
  first.socket.close()
  await first.ended
  const second = await connect()
  second.socket.terminate()
  await second.ended
  const third = await connect()
  third.socket.send('exit 4\n')
  await third.ended
  const { stdout } = await world.lighter(['wait', 'made'])
  expect(stdout).toBe('4\n')
})

test('what is no websocket, and what is not there', async () => {
  await make(image, 'true')
  const plain = await service.ask('GET', '/containers/made/attach/ws?stream=1')
  expect([plain.status, plain.json()]).toEqual([400, { message: 'not websocket protocol' }])
  await expect(connect('/containers/nosuch/attach/ws')).rejects.toThrow('404')
})

test('the end of the service is that of its streams, and of nothing else', async () => {
  await make('-i', image, 'sleep', '1000')
  await start()
  const web = await connect()
  const raw = await hijack(service.socket, `/v1.45/containers/made/attach?${ALL}`)
  const waiting = service.ask('POST', '/containers/made/wait').catch(() => 'cut')
  await service.stop()
  expect(await web.ended).toBe(1006)
  await raw.rest()
  expect(await waiting).toBe('cut')
  const { stdout } = await world.lighter(['inspect', '-f', '{{.State.Status}}', 'made'])
  expect(stdout).toBe('running\n')
  await restart()
})
