import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hijack } from '../helpers/hijack.ts'
import { containersOf, refusal, serve } from '../helpers/served.ts'
import { startService, type TestService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const TERMINAL = { AttachStdin: true, AttachStdout: true, AttachStderr: true, Tty: true }

/** Further processes that one service starts, and another is asked about. */
const { world, service, ask } = serve('api-exec-elsewhere', { quiet: true })
const { create, start } = containersOf({ ask })
let other: TestService

beforeAll(async () => {
  other = await startService(world, ['--time', '0'], join(world.sockets, 'other.sock'))
  await create('host', { Cmd: ['sleep', '9999'] })
  await start('host')
})
afterAll(() => other?.stop())

const make = async (command: string[], more: object): Promise<string> =>
  (await ask('POST', '/v1.45/containers/host/exec', { Cmd: command, ...more })).json().Id
const attach = (id: string) => hijack(service.socket, `/v1.45/exec/${id}/start`, { Tty: true })
const detach = async (id: string, Tty: boolean) =>
  expect((await ask('POST', `/v1.45/exec/${id}/start`, { Detach: true, Tty })).status).toBe(200)
const resize = (id: string, rows: number, columns: number, at = other) =>
  at.ask('POST', `/v1.45/exec/${id}/resize?h=${rows}&w=${columns}`)
const inspect = async (id: string) => (await other.ask('GET', `/v1.45/exec/${id}/json`)).json()
const read = async (path: string) =>
  (await world.lighter(['exec', 'host', 'cat', path])).stdout.trim()

test('the size of a terminal, told by either', async () => {
  const id = await make(['sh'], TERMINAL)
  const client = await attach(id)
  for (const [rows, columns, at] of [
    [31, 91, other],
    [32, 92, service],
    [33, 93, other],
  ] as const) {
    expect((await resize(id, rows, columns, at)).status).toBe(200)
    client.socket.write('stty size\n')
    await until(() => client.received().includes(`${rows} ${columns}\r\n`))
  }
  client.socket.write('exit 5\n')
  await client.rest()
  expect(await inspect(id)).toMatchObject({ Running: false, ExitCode: 5 })
  expect(refusal(await resize(id, 1, 1))).toEqual([500, 'cannot resize a stopped container'])
})

test('many sizes at once: the last one stays', async () => {
  const id = await make(['sh'], TERMINAL)
  const client = await attach(id)
  const sizes = Array.from({ length: 20 }, (_, at) => 20 + at)
  const answers = await Promise.all(
    sizes.map((rows, at) => resize(id, rows, 80, at % 2 === 0 ? other : service)),
  )
  expect(answers.map(({ status }) => status)).toEqual(sizes.map(() => 200))
  expect((await resize(id, 50, 60)).status).toBe(200)
  client.socket.write('stty size; exit\n')
  expect((await client.rest()).toString()).toContain('50 60\r\n')
})

test('of one whose client has gone, and of one that never had any', async () => {
  const script = 'echo $$ >/$0; until [ -e /go ]; do usleep 20000; done; stty size >/size-$0'
  const left = await make(['sh', '-c', script, 'left'], TERMINAL)
  const client = await attach(left)
  await until(async () => (await read('/left')) !== '')
  client.socket.destroy()
  const detached = await make(['sh', '-c', script, 'detached'], { Tty: true })
  await detach(detached, true)
  expect((await resize(left, 41, 42)).status).toBe(200)
  expect((await resize(detached, 43, 44)).status).toBe(200)
  await world.lighter(['exec', 'host', 'touch', '/go'])
  for (const id of [left, detached]) await until(async () => !(await inspect(id)).Running)
  expect([await read('/size-left'), await read('/size-detached')]).toEqual(['41 42', '43 44'])
})

test('asked for while the start is under way', async () => {
  const id = await make(['sh', '-c', 'read line; stty size'], TERMINAL)
  const early = resize(id, 51, 52)
  const client = await attach(id)
  expect((await early).status).toBe(200)
  client.socket.write('\n')
  expect((await client.rest()).toString()).toContain('51 52\r\n')
})

test('of what has no terminal: nothing, as Docker answers', async () => {
  const id = await make(['sleep', '9999'], {})
  await detach(id, false)
  expect((await resize(id, 1, 1)).status).toBe(200)
})
