import { readdirSync } from 'node:fs'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type Hijacked, hijack } from '../helpers/hijack.ts'
import { containersOf, serve } from '../helpers/served.ts'
import { until } from '../helpers/until.ts'

/** More than all buffers on the way to a process that does not read. */
const MUCH = 3 * 1024 * 1024
const ATTACH = 'stream=1&stdin=1&stdout=1&stderr=1'

/** Clients of a container that neither reads nor writes go away: whatever they did before, nothing of them is left. */
const { service, ask } = serve('api-clients-gone', { quiet: true })
const { create, start } = containersOf({ ask })

const descriptors = () => readdirSync(`/proc/${service.child.pid}/fd`).length
let before: number

/** One for each kind of standard input that there is. */
const CONTAINERS = {
  bare: {},
  pipe: { OpenStdin: true },
  once: { OpenStdin: true, StdinOnce: true },
  terminal: { OpenStdin: true, Tty: true },
  'terminal-once': { OpenStdin: true, StdinOnce: true, Tty: true },
} as const

beforeAll(async () => {
  for (const [name, more] of Object.entries(CONTAINERS)) {
    await create(name, { Cmd: ['sleep', '9999'], ...more })
    await start(name)
  }
  await create('idle', { OpenStdin: true })
  // What the first of each kind opens stays open.
  for (const client of [await attach('bare'), await exec(false)]) client.socket.destroy()
  const path = `/containers/bare/attach/ws?${ATTACH}`
  const socket = new WebSocket(`ws+unix:${service.socket}:${path}`)
  await new Promise((resolve) => socket.once('open', resolve))
  socket.terminate()
})
beforeEach(async () => {
  let last = -1
  // Until those of the test before are gone, and no timer of Node's opens any.
  await until(async () => {
    const now = descriptors()
    const isSame = now === last
    last = now
    return isSame
  }, 'nothing changes')
  before = descriptors()
})

const attach = (name: string) =>
  hijack(service.socket, `/v1.45/containers/${name}/attach?${ATTACH}`)

async function exec(Tty: boolean): Promise<Hijacked> {
  const wishes = { Cmd: ['sleep', '9999'], AttachStdin: true, AttachStdout: true, Tty }
  const { Id } = (await ask('POST', '/v1.45/containers/bare/exec', wishes)).json()
  return await hijack(service.socket, `/v1.45/exec/${Id}/start`, { Tty })
}

const untilReleased = () => until(() => descriptors() <= before, 'its descriptors are closed')

const clients: [string, () => Promise<Hijacked>, string][] = [
  ...Object.keys(CONTAINERS).map((name): [string, () => Promise<Hijacked>, string] => [
    `attached to ${name}`,
    () => attach(name),
    name.startsWith('terminal') ? '\n' : 'x',
  ]),
  ['of an exec', () => exec(false), 'x'],
  ['of an exec with a terminal', () => exec(true), '\n'],
]

for (const [name, connect, letter] of clients) {
  for (const [amount, sent] of [
    ['nothing', ''],
    ['little', letter.repeat(10)],
    ['more than is taken', letter.repeat(MUCH)],
  ] as const) {
    test(`a client ${name} sends ${amount}, and is cut`, async () => {
      const { socket } = await connect()
      if (sent !== '') socket.write(sent)
      expect(descriptors()).toBeGreaterThan(before)
      socket.destroy()
      await untilReleased()
    })

    test(`a client ${name} sends ${amount}, says that it was all, and dies later`, async () => {
      const { socket } = await connect()
      await new Promise<void>((resolve) => {
        if (sent === '' || sent.length < MUCH) socket.end(sent, resolve)
        else {
          socket.end(sent)
          resolve()
        }
      })
      // The service has answered since: it has read the end, or cannot.
      await ask('GET', '/_ping')
      socket.destroy()
      await untilReleased()
    })
  }
}

test('a client that waits for a start says that it was all, and dies later', async () => {
  const { socket } = await attach('idle')
  await new Promise<void>((resolve) => socket.end('typed', resolve))
  await ask('GET', '/_ping')
  socket.destroy()
  await untilReleased()
})

test('a client over a websocket sends more than is taken, and is cut', async () => {
  const socket = new WebSocket(`ws+unix:${service.socket}:/containers/pipe/attach/ws?${ATTACH}`)
  let said = 0
  socket.on('message', () => said++)
  await new Promise((resolve) => socket.once('open', resolve))
  for (let sent = 0; sent < MUCH; sent += 65536) socket.send('x'.repeat(65536))
  await ask('GET', '/_ping')
  socket.terminate()
  await untilReleased()
  expect(said).toBe(0)
})

test('a client that has sent all and reads on is served to the end', async () => {
  const { socket, rest } = await attach('once')
  await new Promise<void>((resolve) => socket.end(resolve))
  expect((await ask('POST', '/containers/once/kill')).status).toBe(204)
  expect((await rest()).length).toBe(0)
  await untilReleased()
})
