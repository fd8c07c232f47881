import { chownSync, copyFileSync, readFileSync } from 'node:fs'
import { type IncomingHttpHeaders, request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Authority, makeAuthority } from '../helpers/registries.ts'
import { HELLO } from '../helpers/served.ts'
import { until } from '../helpers/until.ts'
import { makeWorld, type World } from '../helpers/world.ts'

let world: World
let own: Authority
let strange: Authority

beforeAll(() => {
  world = makeWorld('service-tcp')
  own = makeAuthority()
  strange = makeAuthority()
  for (const [name, path] of [
    ['ca.pem', own.certificate],
    ['cert.pem', own.serverCertificate],
    ['key.pem', own.serverKey],
  ] as const) {
    copyFileSync(path, join(world.home, name))
    chownSync(join(world.home, name), world.ids.uid, world.ids.gid)
  }
})
afterAll(() => world?.remove())

/** A service by TCP at a port that the kernel chooses. */
async function startTcp(flags: string[]) {
  const child = world.start(['system', 'service', '--time', '0', ...flags, 'tcp://127.0.0.1:0'])
  let said = ''
  let log = ''
  child.stdout.on('data', (chunk) => {
    said += chunk
  })
  child.stderr.on('data', (chunk) => {
    log += chunk
  })
  await until(() => /DOCKER_HOST=tcp:.*\n/.test(said) || child.exitCode !== null, 'it listens')
  const port = Number(/:(\d+)\n/.exec(said)?.[1])
  return {
    port,
    log: () => log,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM')
      await until(() => child.exitCode !== null, 'it ends')
    },
  }
}

interface Answer {
  status: number
  text: string
}

const answerOf = (sent: ReturnType<typeof plainRequest>): Promise<Answer> =>
  new Promise((resolve, reject) => {
    sent.once('error', reject)
    sent.once('response', (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    sent.end()
  })

describe('without certificates', () => {
  test.each([
    [
      'tcp://127.0.0.1:0',
      [],
      /127\.0\.0\.1:0: every user of this machine .* --allow-insecure-tcp\n/,
    ],
    ['tcp://[::1]:0', [], /every user of this machine/],
    [
      'tcp://0.0.0.0:0',
      ['--allow-insecure-tcp'],
      /whoever reaches it would have this user's rights/,
    ],
    ['tcp://[::]:0', ['--allow-insecure-tcp'], /whoever reaches it/],
    ['tcp://example.com:2375', ['--allow-insecure-tcp'], /whoever reaches it/],
    ['tcp://127.0.0.1:0', ['--tlscert', 'x'], /--tlscert is of use with --tlsverify only/],
    [
      'tcp://127.0.0.1:0',
      ['--tlsverify', '--tlscacert', '/nosuch'],
      /--tlscacert: open \/nosuch: no/,
    ],
  ])('%s %j is refused', async (address, flags, sentence) => {
    const { exitCode, stdout, stderr } = await world.lighter([
      ...['system', 'service', '--time', '1'],
      ...flags,
      address,
    ])
    expect([exitCode, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(sentence)
  })

  test('on loopback when it is meant, with a warning; web pages are not answered', async () => {
    await using service = await startTcp(['--allow-insecure-tcp'])
    expect(service.log()).toMatch(
      /^WARNING: tcp:\/\/127\.0\.0\.1:0: every process of this machine /,
    )
    const ask = (headers: IncomingHttpHeaders) =>
      answerOf(plainRequest({ port: service.port, host: '127.0.0.1', path: '/_ping', headers }))
    expect(await ask({})).toEqual({ status: 200, text: 'OK' })
    const refused = {
      status: 403,
      text: '{"message":"permission denied while trying to connect: web pages are not answered"}\n',
    }
    for (const headers of [
      { origin: 'http://example.com' },
      { 'sec-fetch-site': 'cross-site' },
      { host: `rebound.example.com:${service.port}` },
    ]) {
      expect(await ask(headers)).toEqual(refused)
    }
  })
})

function startTls() {
  const file = (name: string) => join(world.home, name)
  return startTcp([
    ...['--tlsverify', '--tlscacert', file('ca.pem')],
    ...['--tlscert', file('cert.pem'), '--tlskey', file('key.pem')],
  ])
}

const certified = ({ serverCertificate, serverKey }: Authority) => ({
  cert: readFileSync(serverCertificate),
  key: readFileSync(serverKey),
})

test('with certificates: those of the authority, and nobody else', async () => {
  await using service = await startTls()
  const ask = (client: object) =>
    answerOf(
      tlsRequest({
        ...{ host: '127.0.0.1', port: service.port, path: '/_ping', agent: false },
        ca: readFileSync(own.certificate),
        ...client,
      }),
    )
  expect(await ask(certified(own))).toEqual({ status: 200, text: 'OK' })
  await expect(ask({})).rejects.toThrow()
  await expect(ask(certified(strange))).rejects.toThrow()
  const plain = plainRequest({ host: '127.0.0.1', port: service.port, path: '/_ping' })
  await expect(answerOf(plain)).rejects.toThrow()
})

test('with certificates: a client that has said all hears the rest', async () => {
  // Docker's client says so at once where it has no standard input, and lost all that was written after it.
  await world.lighter(['create', '-i', '--name', 'halved', '--network', 'none', HELLO, 'cat'])
  await using service = await startTls()
  const client = connectTls({
    ...{ host: '127.0.0.1', port: service.port, allowHalfOpen: true },
    ca: readFileSync(own.certificate),
    ...certified(own),
  })
  const received: Buffer[] = []
  client.on('data', (chunk: Buffer) => received.push(chunk))
  const ended = new Promise<void>((resolve, reject) => {
    client.once('end', resolve).once('error', reject)
  })
  const all = () => Buffer.concat(received).toString('latin1')
  const path = '/v1.45/containers/halved/attach?stream=1&stdin=1&stdout=1'
  client.write(
    `POST ${path} HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n`,
  )
  await until(() => all().includes('\r\n\r\n'), 'the connection is a stream')
  client.end('last words\n')
  await world.lighter(['start', 'halved'])
  await ended
  expect(all().split('\r\n\r\n')[1]).toBe('\x01\0\0\0\0\0\0\x0blast words\n')
})
