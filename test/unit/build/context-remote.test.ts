import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { isArchive } from '../../../lib/build/context/archive-kind.ts'
import { fetchUrl } from '../../../lib/build/context/remote.ts'
import { nameOfUrl } from '../../../lib/build/context/trees.ts'
import type { Engine } from '../../../lib/engine.ts'
import { closeConnections } from '../../../lib/registry/transport.ts'

let base: string
let server: Server
let origin: string
let answer: (request: IncomingMessage, response: ServerResponse) => void
let asked: { method: string; path: string; headers: IncomingMessage['headers'] }[]

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers })
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as { port: number }).port}`
})

afterAll(async () => {
  await closeConnections()
  await new Promise((resolve) => server.close(resolve))
})

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'lighter-url-'))
  asked = []
})

afterEach(() => rmSync(base, { recursive: true, force: true }))

const engine = () => ({ paths: { data: base } }) as unknown as Engine
const fetch = (path: string, checksum?: string) =>
  fetchUrl(engine(), `${origin}${path}`, { name: 'f', checksum, signal: undefined })
const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`
const DATE = 'Mon, 01 Jan 2001 00:00:00 GMT'

test('a file has its name, its time and a mode of its own', async () => {
  answer = (_, response) => void response.setHeader('last-modified', DATE).end('text')
  const { path, digest, directory, release } = await fetch('/a/b?c')
  expect(path).toBe(join(directory, 'f'))
  expect(readFileSync(path, 'utf8')).toBe('text')
  expect(statSync(path).mode & 0o7777).toBe(0o600)
  expect(statSync(path).mtime).toEqual(new Date(DATE))
  expect(digest).toBe(digestOf('text'))
  release()
  expect(readdirSync(join(base, 'tmp'))).toEqual([])
  answer = (_, response) => void response.end('text')
  expect(statSync((await fetch('/untimed')).path).mtimeMs).toBe(0)
})

describe('the file of an earlier build', () => {
  const withTag = (tag: string, text: string) => {
    answer = (request, response) => {
      response.setHeader('etag', tag)
      if (request.headers['if-none-match'] === tag) response.writeHead(304).end()
      else response.end(text)
    }
  }

  test('stays while the server has no other', async () => {
    withTag('"1"', 'one')
    const first = await fetch('/x')
    withTag('"1"', 'never sent')
    const again = await fetch('/x')
    expect(readFileSync(again.path, 'utf8')).toBe('one')
    expect(again.digest).toBe(first.digest)
    withTag('"2"', 'two')
    expect(readFileSync((await fetch('/x')).path, 'utf8')).toBe('two')
    expect(readFileSync(first.path, 'utf8')).toBe('one')
    expect(asked).toHaveLength(3)
  })

  test('is told by its time where it has no tag', async () => {
    answer = (request, response) => {
      response.setHeader('last-modified', DATE)
      if (request.headers['if-modified-since'] === DATE) response.writeHead(304).end()
      else response.end('one')
    }
    await fetch('/x')
    expect(readFileSync((await fetch('/x')).path, 'utf8')).toBe('one')
    expect(asked[1]?.headers['if-modified-since']).toBe(DATE)
  })

  test('needs no server when its checksum is known', async () => {
    withTag('"1"', 'one')
    await fetch('/x')
    await fetch('/x', digestOf('one'))
    expect(asked).toHaveLength(1)
    await expect(fetch('/x', digestOf('two'))).rejects.toThrow(
      `digest mismatch ${digestOf('one')}: ${digestOf('two')}`,
    )
  })

  test('is not believed when it was damaged', async () => {
    withTag('"1"', 'one')
    const { path } = await fetch('/x')
    writeFileSync(path, 'bad')
    expect(readFileSync((await fetch('/x')).path, 'utf8')).toBe('one')
    expect(asked[1]?.headers['if-none-match']).toBeUndefined()
  })
})

test('redirects are followed, passwords are not taken to others', async () => {
  const elsewhere = `${origin.replace('127.0.0.1', 'localhost')}/end`
  answer = (request, response) => {
    if (request.url === '/end') response.end('text')
    else response.writeHead(302, { location: request.url === '/loop' ? '/loop' : elsewhere }).end()
  }
  const url = `${origin.replace('//', '//me:pass@')}/begin`
  const { path } = await fetchUrl(engine(), url, {
    name: 'f',
    checksum: undefined,
    signal: undefined,
  })
  expect(readFileSync(path, 'utf8')).toBe('text')
  expect(asked.map(({ headers }) => headers.authorization)).toEqual([
    `Basic ${Buffer.from('me:pass').toString('base64')}`,
    undefined,
  ])
  await expect(fetch('/loop')).rejects.toThrow('stopped after 10 redirects')
})

test.each<[string, (response: ServerResponse) => void, string]>([
  ['a status', (response) => response.writeHead(404).end(), 'invalid response status 404'],
  [
    'a wrong checksum',
    (response) => response.end('one'),
    `digest mismatch ${digestOf('one')}: ${digestOf('two')}`,
  ],
  [
    'a place that is none',
    (response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    'bad redirect to "file:///etc/passwd"',
  ],
  [
    'a body that breaks off',
    (response) => {
      response.writeHead(200, { 'content-length': '10' }).write('abc')
      setTimeout(() => response.destroy(), 50)
    },
    'failed to load cache key: ',
  ],
])('%s is refused and leaves nothing', async (_, respond, message) => {
  answer = (_request, response) => respond(response)
  await expect(fetch('/x', digestOf('two'))).rejects.toThrow(message)
  expect(readdirSync(join(base, 'tmp'))).toEqual([])
})

test('nobody answers', async () => {
  const options = { name: 'f', checksum: undefined, signal: undefined }
  await expect(fetchUrl(engine(), 'http://127.0.0.1:9/x.tar', options)).rejects.toThrow(
    'failed to load cache key: Get "http://127.0.0.1:9/x.tar": dial tcp 127.0.0.1:9: connect: connection refused',
  )
})

test.each([
  ['https://host/a/b.tar.gz?x=y#z', 'b.tar.gz'],
  ['https://host/a%20b', 'a b'],
  ['https://host/a/', 'a'],
  ['https://host/', '__unnamed__'],
  ['https://host', '__unnamed__'],
  ['https://host/..%2f..', '__unnamed__'],
])('%s is called %s', (url, name) => {
  expect(nameOfUrl(url)).toBe(name)
})

test.each<[string, Buffer, boolean]>([
  ['gzip', Buffer.from([0x1f, 0x8b, 8]), true],
  ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), true],
  ['text', Buffer.from('FROM scratch\n'.repeat(50)), false],
  ['nothing', Buffer.alloc(0), false],
  ['zeros', Buffer.alloc(512), false],
])('%s is an archive: %s', (_, head, is) => {
  expect(isArchive(head)).toBe(is)
})
