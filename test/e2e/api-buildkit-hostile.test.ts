import { randomUUID } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { request } from 'node:http'
import type { Duplex } from 'node:stream'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { GrpcClient } from '../../api/buildkit/grpc/client.ts'
import { type GrpcCall, serveGrpc } from '../../api/buildkit/grpc/server.ts'
import { GrpcError } from '../../api/buildkit/grpc/status.ts'
import { goMode } from '../../api/buildkit/session/packets.ts'
import { loadCodecs } from '../../api/buildkit/wire/codec.ts'
import {
  bridgeSolveRequest,
  packet,
  type SolveRequest,
  type Stat,
  solveRequest,
  statusRequest,
} from '../../api/buildkit/wire/types.ts'
import { listNames } from '../../lib/fs/drafts.ts'
import { startService, type TestService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'
import { makeWorld, type World } from '../helpers/world.ts'

let world: World
let service: TestService

const CONTROL = '/moby.buildkit.v1.Control'
const BRIDGE = '/moby.buildkit.v1.frontend.LLBBridge'
const DIFF_COPY = '/moby.filesync.v1.FileSync/DiffCopy'

await loadCodecs()

beforeAll(async () => {
  world = makeWorld('api-buildkit-hostile')
  service = await startService(world)
})
afterAll(async () => {
  await service?.stop()
  expect(service?.log()).toBe('')
  await world?.remove()
})

const drafts = (): string[] => listNames(`${world.data}/tmp`)

let open: Duplex[] = []
beforeEach(() => {
  open = []
  return async () => {
    for (const connection of open) connection.destroy()
    expect((await service.ask('GET', '/_ping')).text).toBe('OK')
    await until(() => drafts().length === 0, 'drafts are removed')
  }
})

/** A connection on which both sides go on as they like. */
async function upgrade(
  path: string,
  headers: Record<string, string | string[]> = {},
): Promise<Duplex> {
  const connection = await new Promise<Duplex>((resolve, reject) => {
    const sent = request({
      socketPath: service.socket,
      method: 'POST',
      path,
      headers: { Connection: 'Upgrade', Upgrade: 'h2c', ...headers },
      agent: false,
    })
    sent.on('upgrade', (_, socket, head) => {
      // What the service says first may come with its answer.
      if (head.length > 0) socket.unshift(head)
      resolve(socket)
    })
    sent.on('response', (answer) => reject(new Error(`${answer.statusCode}`)))
    sent.on('error', reject)
    sent.end()
  })
  connection.on('error', () => undefined)
  open.push(connection)
  return connection
}

const session = (id: string, ...methods: string[]) => ({
  'X-Docker-Expose-Session-Uuid': id,
  'X-Docker-Expose-Session-Grpc-Method': methods,
})

/** Opens a session whose files are what `client` says. */
async function openSession(client: (call: GrpcCall) => Promise<void>): Promise<string> {
  const id = randomUUID()
  const connection = await upgrade('/session', session(id, DIFF_COPY))
  void serveGrpc(
    connection,
    () => client,
    (error) => new GrpcError(2, String(error)),
  )
  return id
}

const openControl = async (): Promise<GrpcClient> => GrpcClient.over(await upgrade('/grpc'))

async function solve(wanted: Partial<SolveRequest>): Promise<void> {
  const control = await openControl()
  const message = solveRequest.encode({ ref: randomUUID(), ...wanted })
  await control.unary(`${CONTROL}/Solve`, message)
}

describe('a connection', () => {
  test.each(['/grpc', '/session'])('without an upgrade is refused: %s', async (path) => {
    const answer = await service.ask('POST', path)
    expect([answer.status, answer.json().message]).toEqual([400, 'no upgrade proto in request'])
  })

  test('without an id, or with one that is taken, is no session', async () => {
    await expect(upgrade('/session')).rejects.toThrow('400')
    await upgrade('/session', session('taken'))
    await expect(upgrade('/session', session('taken'))).rejects.toThrow('400')
  })

  test.each(['/grpc', '/session'])('that says nothing of sense is closed: %s', async (path) => {
    for (const noise of [
      'GET / HTTP/1.1\r\n\r\n',
      '\0'.repeat(10_000),
      'PRI * HTTP/2.0\r\n\r\nxx',
    ]) {
      const connection = await upgrade(path, session(randomUUID()))
      const closed = new Promise<void>((resolve) => connection.once('close', () => resolve()))
      connection.resume()
      connection.end(noise)
      await closed
    }
  })

  test.each(['/grpc', '/session'])('that is gone at once harms nobody: %s', async (path) => {
    for (let count = 0; count < 20; count++) (await upgrade(path, session(randomUUID()))).destroy()
  })
})

describe('a request', () => {
  test('for something else than a Dockerfile is refused', async () => {
    const definition = { def: [Buffer.from('x')], metadata: {} }
    await expect(solve({ definition })).rejects.toThrow('definitions in LLB are not supported')
    await expect(solve({ frontend: 'other.v0' })).rejects.toThrow('"other.v0" is not supported')
    await expect(solve({ sourcePolicy: Buffer.from('x') })).rejects.toThrow('source policies')
  })

  test('of no sense is refused', async () => {
    const control = await openControl()
    const noise = Buffer.from([0xff, 0xff, 0xff])
    for (const path of [`${CONTROL}/Solve`, `${CONTROL}/Status`, `${BRIDGE}/Solve`])
      await expect(control.unary(path, noise)).rejects.toThrow('error unmarshalling')
    await expect(control.unary(`${CONTROL}/NoSuch`, noise)).rejects.toMatchObject({ code: 12 })
    await expect(control.unary(`${BRIDGE}/NewContainer`, noise)).rejects.toMatchObject({ code: 12 })
    await expect(control.unary(`${CONTROL}/Solve`, Buffer.alloc(0))).rejects.toThrow('needs a ref')
  })

  test('without its session, or about no build, ends after a while', async () => {
    const control = await openControl()
    const message = bridgeSolveRequest.encode({ frontend: 'dockerfile.v0' })
    const metadata = { 'buildkit-controlapi-buildid': 'nosuch' }
    const status = statusRequest.encode({ ref: 'nosuch' })
    // Each waits for what may still come.
    await Promise.all([
      expect(solve({ frontend: 'dockerfile.v0', session: 'nosuch' })).rejects.toThrow(
        'no active session for nosuch',
      ),
      expect(control.unary(`${BRIDGE}/Solve`, message, { metadata })).rejects.toThrow(
        'no such job nosuch',
      ),
      expect(control.unary(`${CONTROL}/Status`, status)).rejects.toThrow('no such job'),
    ])
  })

  test('for a file of this machine gets none', async () => {
    const id = await openSession(async (call) => {
      await call.send(packet.encode({ type: 0 }))
      for await (const _ of call.messages()) break
      await call.send(packet.encode({ type: 3 }))
    })
    for (const filename of ['/etc/hostname', '../../../../../../../../etc/hostname']) {
      const frontendAttrs = { filename }
      const wanted = { frontend: 'dockerfile.v0', session: id, frontendAttrs }
      await expect(solve(wanted)).rejects.toThrow('open hostname: no such file or directory')
    }
    for (const context of ['/etc', 'etc', '-', 'file:///etc']) {
      const wanted = { frontend: 'dockerfile.v0', session: id, frontendAttrs: { context } }
      await expect(solve(wanted)).rejects.toThrow('is no address')
    }
    const frontendAttrs = { 'context:x': '/etc' }
    const wanted = { frontend: 'dockerfile.v0', session: id, frontendAttrs }
    await expect(solve(wanted)).rejects.toThrow('unsupported context source /etc for x')
  })
})

describe('a client', () => {
  const build = (id: string) => solve({ frontend: 'dockerfile.v0', session: id })
  const entry = (path: string, more: Partial<Stat> = {}) =>
    packet.encode({ type: 0, stat: { path, mode: goMode('file', 0o644), ...more } })

  test.each([
    ['a path above', [entry('../../../escaped')]],
    ['an absolute path', [entry('/tmp/escaped')]],
    [
      'a path through a link',
      [entry('l', { mode: goMode('symlink', 0o777), linkname: '/tmp' }), entry('l/escaped')],
    ],
  ])('that sends %s is stopped', async (_, entries) => {
    const id = await openSession(async (call) => {
      for (const message of entries) await call.send(message)
      await call.send(packet.encode({ type: 0 }))
      for await (const message of call.messages()) {
        const { type, id: file } = packet.decode(message)
        if (type !== 1) return
        await call.send(packet.encode({ type: 2, id: file, data: Buffer.from('evil') }))
        await call.send(packet.encode({ type: 2, id: file }))
      }
    })
    await expect(build(id)).rejects.toThrow('invalid path')
    expect(readdirSync('/tmp')).not.toContain('escaped')
  })

  test('that sends a list without an end, and goes, leaves nothing', async () => {
    const asked = Promise.withResolvers<void>()
    const id = await openSession(async (call) => {
      asked.resolve()
      for (let count = 0; ; count++)
        await call.send(entry(`file-${String(count).padStart(9, '0')}`))
    })
    const building = build(id)
    building.catch(() => undefined)
    await asked.promise
    await until(() => drafts().length > 0, 'the build is under way')
    for (const connection of open) connection.destroy()
    await expect(building).rejects.toThrow()
  })

  test('that never answers ends its build by going', async () => {
    const asked = Promise.withResolvers<void>()
    const id = await openSession(async (call) => {
      asked.resolve()
      for await (const _ of call.messages()) {
        // Nothing is said.
      }
    })
    const building = build(id)
    building.catch(() => undefined)
    await asked.promise
    // Its session alone: the build is told of it.
    open[0]?.destroy()
    await expect(building).rejects.toThrow(/session of the client is over/)
  })
})
