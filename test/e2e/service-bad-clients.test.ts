import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { serve } from '../helpers/served.ts'
import { until } from '../helpers/until.ts'

const { world, service } = serve('service-bad-clients')
let idle: number
const descriptors = () => readdirSync(`/proc/${service.child.pid}/fd`).length

beforeAll(async () => {
  // What the first requests load stays open.
  for (const path of ['/_ping', '/volumes', '/networks', '/events?until=1'])
    await service.ask('GET', path)
  idle = descriptors()
})
/** Whatever a client did, the next one is served, and nothing of it is left. */
afterEach(async () => {
  expect((await service.ask('GET', '/_ping')).text).toBe('OK')
  await until(() => descriptors() <= idle, 'its connections are closed')
  expect(service.log()).toBe('')
})

/** What is said to a client that sends these bytes and nothing more. */
async function send(bytes: string | Uint8Array): Promise<string> {
  const socket = connect(service.socket)
  let said = ''
  socket.setEncoding('utf8').on('data', (chunk) => {
    said += chunk
  })
  socket.on('error', () => undefined)
  socket.write(bytes)
  await new Promise((resolve) => socket.once('close', resolve))
  return said
}

const head = (...lines: string[]) =>
  `${['POST /volumes/create HTTP/1.1', 'Host: d', 'Connection: close', ...lines].join('\r\n')}\r\n\r\n`
const JSON_TYPE = 'Content-Type: application/json'

test.each<[string, string, RegExp]>([
  ['no HTTP', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', /^HTTP\/1\.1 400 Bad Request\r\n/],
  ['no method', 'NONSENSE / HTTP/1.1\r\nHost: d\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['a head too large', `GET / HTTP/1.1\r\nX: ${'x'.repeat(400_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
  ['two lengths', head(JSON_TYPE, 'Content-Length: 2', 'Content-Length: 3'), /^HTTP\/1\.1 400 /],
  [
    'a length and chunks',
    `${head(JSON_TYPE, 'Content-Length: 2', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
    /^HTTP\/1\.1 400 /,
  ],
  [
    'chunks that are none',
    `${head(JSON_TYPE, 'Transfer-Encoding: chunked')}zz\r\n{}`,
    /^HTTP\/1\.1 400 /,
  ],
  ['HTTP/1.0', 'GET /_ping HTTP/1.0\r\n\r\n', /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nOK$/],
])('%s', async (_, bytes, answer) => {
  expect(await send(bytes)).toMatch(answer)
})

test('several requests at once: each is answered in its turn, those that are refused too', async () => {
  const ask = (path: string, ...lines: string[]) =>
    `${[`GET ${path} HTTP/1.1`, 'Host: d', ...lines].join('\r\n')}\r\n\r\n`
  const missing = '/v1.45/containers/nosuch/json'
  const said = await send(
    [ask('/_ping'), ask(missing), ask('/info'), ask(missing, 'Connection: close')].join(''),
  )
  expect(said.match(/HTTP\/1\.1 \d+/g)).toEqual([200, 404, 200, 404].map((n) => `HTTP/1.1 ${n}`))
})

test('documents that are none', async () => {
  for (const [text, message] of [
    ['{"Name":"x"', 'invalid JSON: unexpected EOF'],
    ['{"Name":"x",}', expect.stringMatching(/^invalid JSON: /)],
    ['\xff\xfe{', expect.stringMatching(/^invalid JSON: /)],
    ['[]', expect.stringMatching(/^invalid JSON: json: cannot unmarshal array into /)],
    ['"x"', expect.stringMatching(/^invalid JSON: json: cannot unmarshal string into /)],
    ['['.repeat(200_000), expect.stringMatching(/^invalid JSON: /)],
  ] as const) {
    const type = { 'Content-Type': 'application/json' }
    const body = Buffer.from(text, 'latin1')
    const answer = await service.ask('POST', '/volumes/create', body, type)
    expect([answer.status, answer.json()]).toEqual([400, { message }])
  }
  const form = { 'Content-Type': 'text/plain' }
  const plain = await service.ask('POST', '/volumes/create', Buffer.from('{}'), form)
  expect([plain.status, plain.json().message]).toEqual([
    400,
    "unsupported Content-Type header (text/plain): must be 'application/json'",
  ])
  expect((await world.lighter(['volume', 'ls', '-q'])).stdout).toBe('')
})

test('a document too large', async () => {
  const answer = await service.ask('POST', '/networks/create', { Name: 'x'.repeat(5_000_000) })
  expect([answer.status, answer.json()]).toEqual([413, { message: 'http: request body too large' }])
})

test('halves of characters are read as Go reads them', async () => {
  const type = { 'Content-Type': 'application/json' }
  const text = String.raw`{"Name":"half","Labels":{"a\ud800":"\udc00b","c":"\\ud800 \ud83d\ude00"}}`
  const made = await service.ask('POST', '/volumes/create', Buffer.from(text), type)
  expect([made.status, made.json().Labels]).toEqual([
    201,
    { 'a\ufffd': '\ufffdb', c: '\\ud800 😀' },
  ])
  await service.ask('DELETE', '/volumes/half')
})

test('names of members that mean something to JavaScript', async () => {
  const labels = Object.fromEntries(
    ['__proto__', 'constructor', 'toString'].map((name) => [name, 'x']),
  )
  const type = { 'Content-Type': 'application/json' }
  const text = `{"Name":"odd","__proto__":{"Driver":"nosuch"},"Labels":${JSON.stringify(labels)}}`
  const made = await service.ask('POST', '/volumes/create', Buffer.from(text), type)
  expect(made.status).toBe(201)
  expect(made.text).toContain('"Labels":{"__proto__":"x","constructor":"x","toString":"x"}')
  const filters = encodeURIComponent('{"__proto__":["x"]}')
  expect((await service.ask('GET', `/volumes?filters=${filters}`)).json()).toEqual({
    message: "invalid filter '__proto__'",
  })
  expect((await service.ask('GET', '/constructor')).status).toBe(404)
  await service.ask('DELETE', '/volumes/odd')
})

test.each([
  '/containers/..%2F..%2Fetc%2Fpasswd/json',
  '/networks/..%2F..%2F',
  '/volumes/..%2Fcontainers',
  '/volumes/%2e%2e',
  '/volumes/a%00b',
  `/volumes/${'x'.repeat(300)}`,
  `/containers/${'x'.repeat(300)}/json`,
  '/containers/%E0%A4%A/json',
])('%s is nothing', async (path) => {
  for (const method of ['GET', 'DELETE']) {
    let answer = await service.ask(method, path)
    // As Docker's router: to where the way leads without its detours, which is below the root of the API.
    if (answer.status === 301) {
      const { location } = answer.headers
      expect(location).toMatch(/^\/(?!.*\.\.)/)
      answer = await service.ask(method, location ?? '')
    }
    const { status, json } = answer
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
    expect(json()).toEqual({ message: expect.any(String) })
  }
})

test('clients that say nothing, say half of it, or vanish', async () => {
  const sockets: Socket[] = []
  for (const text of [
    '',
    'GET /_ping HT',
    head(JSON_TYPE, 'Content-Length: 1000'),
    `${head(JSON_TYPE, 'Content-Length: 1000')}{"Na`,
    `${head(JSON_TYPE, 'Transfer-Encoding: chunked')}5\r\n{"Na`,
    'GET /events HTTP/1.1\r\nHost: d\r\n\r\n',
  ]) {
    for (let count = 0; count < 10; count++) {
      const socket = connect(service.socket)
      socket.on('error', () => undefined)
      await once(socket, 'connect')
      socket.write(text)
      sockets.push(socket)
    }
  }
  // They are there, and nobody waits for them.
  await until(() => descriptors() > idle + 50, 'they are in')
  expect((await service.ask('GET', '/version')).status).toBe(200)
  for (const socket of sockets) socket.destroy()
})

test('requests one behind the other in one go', async () => {
  const one = 'GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n'
  const last = 'GET /_ping HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n'
  const said = await send(one.repeat(20) + last)
  expect(said.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(21)
})

const UPGRADE = ['Connection: Upgrade', 'Upgrade: tcp']
const request = (line: string, ...lines: string[]) =>
  `${[`${line} HTTP/1.1`, 'Host: d', ...lines].join('\r\n')}\r\n\r\n`

/** Who is refused before his document is looked at: a fault in it must not end the service. */
test.each([
  [
    'a document too large',
    request('POST /containers/nosuch/attach', ...UPGRADE, 'Content-Length: 99999999'),
  ],
  ['a version too new', request('POST /v9.9/session', ...UPGRADE, 'Content-Length: 99999999')],
  ['no length', request('POST /session', ...UPGRADE, 'Content-Length: -1')],
])('an upgrade with %s', async (_, bytes) => {
  expect(await send(bytes)).toMatch(/^HTTP\/1\.1 40[04] /)
})

test('an upgrade whose client ends in the middle of its document', async () => {
  const socket = connect(service.socket)
  socket.on('error', () => undefined)
  socket.end(`${request('POST /v9.9/session', ...UPGRADE, 'Content-Length: 10')}ab`)
  await new Promise((resolve) => socket.resume().once('close', resolve))
})

test('an upgrade right behind other requests is answered after them', async () => {
  const ping = request('GET /_ping')
  const said = await send(ping + ping + request('POST /containers/nosuch/attach', ...UPGRADE))
  expect(said.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 404'])
  const odd = await send(
    request('GET /_ping', 'Connection: close') + request('POST /session', ...UPGRADE),
  )
  expect(odd.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200'])
})

test('an offer to upgrade what does not is as good as none', async () => {
  const sockets: Socket[] = []
  for (let count = 0; count < 10; count++) {
    const socket = connect(service.socket)
    socket.write(request('GET /events', ...UPGRADE))
    const [head] = await once(socket, 'data')
    expect(String(head)).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    sockets.push(socket)
  }
  // All was read, so that nothing but the end of what they send says that they are gone.
  for (const socket of sockets) socket.destroy()
  const body = request('POST /volumes/create', ...UPGRADE, JSON_TYPE, 'Content-Length: 5')
  const said = await send(`${body}{"a":${request('GET /_ping')}`)
  expect(said.match(/HTTP\/1\.1 \d+|invalid JSON/g)).toEqual(['HTTP/1.1 400', 'invalid JSON'])
})

test('what follows the last request is not answered, and does not spoil its answer', async () => {
  const last = request('GET /version', 'Connection: close')
  const stream = request('GET /events?since=1&until=2', 'Connection: close')
  for (const bytes of [last + last, `${last}\x16\x03\x01\r\n\r\n`, `${stream}NONSENSE\r\n\r\n`]) {
    const said = await send(bytes)
    expect(said.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200'])
  }
})

test('the whole address as proxies send it', async () => {
  const said = await send(request('GET http://d/v1.41/_ping', 'Connection: close'))
  expect(said).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
})
