import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { get } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fileHeader } from '../fixtures/archive.ts'
import { startService, type TestService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const MB = 1024 * 1024
/** What a body has in all: a service that held it would be found out. */
const BODY = 300 * MB
/**
 * What the service may have in memory at any time. It begins with 60 MB; buffers that nobody needs any more are collected when there are 64
 * MB of them.
 */
const MAX_MEMORY = 200e6

let world: World
let service: TestService

beforeAll(async () => {
  world = makeWorld('service-memory')
  service = await startService(world)
  const body = { Image: 'lighter/hello', Cmd: ['true'] }
  const created = await service.ask('POST', '/containers/create?name=box', body)
  expect(created.status).toBe(201)
})
afterAll(async () => {
  await service?.stop()
  expect(service?.log()).toBe('')
  await world?.remove()
})

/** The most that the service ever had in memory, in bytes. */
const most = (): number => {
  const status = readFileSync(`/proc/${service.child.pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1024
}

/** Begins a request with an archive of a file of so many zeros, and 1 KB that ends the archive; what is answered comes to `answer`. */
function begin(method: string, path: string, size: number) {
  const socket = connect(service.socket)
  const head = fileHeader('zeros', size)
  socket.on('error', () => undefined)
  socket.write(
    `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n` +
      `Content-Type: application/x-tar\r\nContent-Length: ${head.length + size + 1024}\r\n\r\n`,
  )
  socket.write(head)
  let said = ''
  socket.setEncoding('latin1').on('data', (text: string) => {
    said += text
  })
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  return { socket, answer: () => closed.then(() => said) }
}

const descriptors = (): number => readdirSync(`/proc/${service.child.pid}/fd`).length

const zeros = Buffer.alloc(MB)

/** As fast as they are taken. */
async function sendZeros(socket: Socket, size: number): Promise<void> {
  const over = new AbortController()
  const { signal } = over
  // Who has answered already takes no more.
  socket.once('close', () => over.abort())
  for (let sent = 0; sent < size && !socket.destroyed; sent += zeros.length) {
    if (!socket.write(zeros.subarray(0, Math.min(zeros.length, size - sent))))
      await once(socket, 'drain', { signal }).catch(() => undefined)
  }
}

/** How many bytes an answer has, which is read as fast as it comes. */
const lengthOf = (path: string): Promise<number> =>
  new Promise((resolve, reject) => {
    get({ socketPath: service.socket, path, agent: false }, (response) => {
      let length = 0
      response.on('data', (chunk: Buffer) => {
        length += chunk.length
      })
      response.on('end', () => resolve(length))
      response.on('error', reject)
    }).on('error', reject)
  })

test('a large archive for a container goes through', async () => {
  const { socket, answer } = begin('PUT', '/containers/box/archive?path=/', BODY)
  await sendZeros(socket, BODY + 1024)
  expect(await answer()).toMatch(/^HTTP\/1.1 200 /)
  expect(most()).toBeLessThan(MAX_MEMORY)
})

test('so does what is read of it at a crawl', async () => {
  const paths = ['/containers/box/archive?path=/zeros', '/containers/box/export']
  const sockets = Array.from({ length: 6 }, (_, index) => {
    const socket = connect(service.socket)
    socket.write(`GET ${paths[index % 2]} HTTP/1.1\r\nHost: x\r\n\r\n`)
    return socket
  })
  // Some of each, and then no more: 300 MB wait behind it.
  const begun = sockets.map(
    (socket) => new Promise((resolve) => socket.once('data', () => resolve(socket.pause()))),
  )
  await Promise.all(begun)
  expect(await lengthOf('/containers/box/archive?path=/zeros')).toBeGreaterThan(BODY)
  for (const socket of sockets) socket.destroy()
  expect(most()).toBeLessThan(MAX_MEMORY)
})

test('clients that send some of a body and then wait hold little', async () => {
  const kinds = [
    ['POST', '/images/load'],
    ['POST', '/build?t=never'],
    ['POST', '/images/create?fromSrc=-&repo=never'],
  ] as const
  const before = descriptors()
  const uploads = Array.from({ length: 18 }, (_, index) => {
    const [method, path] = kinds[index % kinds.length] ?? kinds[0]
    return begin(method, path, BODY)
  })
  await Promise.all(uploads.map(({ socket }) => sendZeros(socket, 12 * MB)))
  expect((await service.ask('GET', '/_ping')).status).toBe(200)
  expect(uploads.map(({ socket }) => socket.destroyed)).not.toContain(true)
  expect(most()).toBeLessThan(MAX_MEMORY)
  for (const { socket } of uploads) socket.destroy()
  await until(() => descriptors() <= before, 'no descriptor stays')
})
