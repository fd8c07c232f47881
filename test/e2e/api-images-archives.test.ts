import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { makeArchive } from '../fixtures/archive.ts'
import { serve } from '../helpers/served.ts'
import { messagesOf } from '../helpers/service-stream.ts'

let id: string

const { ask } = serve('api-archives')
const idOf = async (name: string) => (await ask('GET', `/images/${name}/json`)).json().Id
const removeAll = async () => {
  for (const { Id } of (await ask('GET', '/images/json')).json())
    await ask('DELETE', `/images/${Id}?force=1`)
}

beforeAll(async () => {
  const name = encodeURIComponent(`${inject('registry')}/busybox:latest`)
  await ask('POST', `/images/create?fromImage=${name}`)
  await ask('POST', `/images/${name}/tag?repo=busybox`)
  await ask('POST', `/images/${name}/tag?repo=other&tag=x`)
  id = await idOf('busybox')
})

describe('save and load', () => {
  test('one image, and several, come back as they were', async () => {
    const one = await ask('GET', '/images/busybox/get')
    expect([one.status, one.headers['content-type']]).toEqual([200, 'application/x-tar'])
    const both = await ask('GET', '/images/get?names=busybox&names=other:x')
    await removeAll()
    const first = await ask('POST', '/images/load', one.body)
    expect([first.status, messagesOf(first.text)]).toEqual([
      200,
      [{ stream: 'Loaded image: busybox:latest\n' }],
    ])
    expect(await idOf('busybox')).toBe(id)
    await removeAll()
    const second = await ask('POST', '/images/load?quiet=0', gzipSync(both.body))
    const messages = messagesOf(second.text)
    expect(messages.find(({ status }) => status)).toEqual({
      status: 'Loading layer',
      progressDetail: { current: expect.any(Number), total: expect.any(Number) },
      progress: expect.stringMatching(/^\[=*> *\] /),
      id: expect.stringMatching(/^[0-9a-f]{12}$/),
    })
    expect(messages.filter(({ stream }) => stream)).toEqual([
      { stream: 'Loaded image: busybox:latest\n' },
      { stream: 'Loaded image: other:x\n' },
    ])
  })

  test('an image by its id has no name afterwards', async () => {
    const archive = await ask('GET', `/images/${id}/get`)
    await removeAll()
    const loaded = await ask('POST', '/images/load', archive.body)
    expect(messagesOf(loaded.text)).toEqual([{ stream: `Loaded image ID: ${id}\n` }])
    await ask('POST', `/images/${id}/tag?repo=busybox`)
  })

  test('for a platform', async () => {
    const query = (architecture: string) =>
      `?platform=${encodeURIComponent(JSON.stringify({ os: 'linux', architecture }))}`
    expect((await ask('GET', `/images/busybox/get${query('amd64')}`)).status).toBe(200)
    const other = await ask('GET', `/images/busybox/get${query('arm64')}`)
    expect([other.status, other.json().message]).toEqual([
      400,
      'no suitable export target found for platform linux/arm64',
    ])
    expect((await ask('GET', '/images/busybox/get?platform=amd64')).status).toBe(400)
    // Clients of old know no such parameter.
    expect((await ask('GET', `/v1.47/images/busybox/get${query('arm64')}`)).status).toBe(200)
  })

  test.each([
    ['nothing at all', Buffer.from('hello'), 'unexpected EOF'],
    [
      'an archive of something else',
      makeArchive([{ path: 'file', data: 'text' }]),
      'open manifest.json: no such file or directory',
    ],
  ])('what is wrong is told in the stream: %s', async (_, body, message) => {
    const answer = await ask('POST', '/images/load', body)
    expect([answer.status, messagesOf(answer.text)]).toEqual([
      200,
      [{ errorDetail: { message }, error: message }],
    ])
  })
})

describe('import', () => {
  const archive = makeArchive([
    { path: 'etc/', type: 'Directory', mode: 0o755 },
    { path: 'etc/x', data: 'x' },
  ])
  const imported = (query: string, body: Buffer = archive) =>
    ask('POST', `/images/create?fromSrc=-&${query}`, body)

  test('makes an image of an archive, with changes', async () => {
    const changes = ['ENV A=b', 'CMD ["/x"]'].map((text) => `changes=${encodeURIComponent(text)}`)
    const answer = await imported(
      `repo=made&tag=one&message=hello&platform=linux/arm64&${changes.join('&')}`,
      gzipSync(archive),
    )
    const [{ status }, ...others] = messagesOf(answer.text)
    expect([answer.status, others]).toEqual([200, []])
    expect((await ask('GET', '/images/made:one/json')).json()).toMatchObject({
      Id: status,
      Comment: 'hello',
      Architecture: 'arm64',
      Config: { Env: ['A=b'], Cmd: ['/x'] },
    })
  })

  test('without a name', async () => {
    const [{ status }] = messagesOf((await imported('')).text)
    expect((await ask('GET', `/images/${status}/json`)).json().RepoTags).toEqual([])
  })

  test.each([
    ['repo=x', Buffer.from('hello'), 500, 'unexpected EOF'],
    ['repo=x&changes=NOSUCH', archive, 400, 'NOSUCH is not a valid change command'],
    [
      'repo=BAD',
      archive,
      400,
      'invalid reference format: repository name (library/BAD) must be lowercase',
    ],
    [`repo=x@sha256:${'0'.repeat(64)}`, archive, 400, 'cannot import digest reference'],
  ])('%s is refused', async (query, body, status, message) => {
    const answer = await imported(query, body)
    expect([answer.status, answer.json()]).toEqual([status, { message }])
  })

  test('from an URL, and never from a file of this machine', async () => {
    const server = createServer((request, response) => {
      if (request.url !== '/x.tar') return void response.writeHead(404).end('nothing here')
      response.writeHead(200, { 'Content-Length': archive.length }).end(archive)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
    const from = (source: string) => ask('POST', `/images/create?fromSrc=${source}&repo=fetched`)
    try {
      const messages = messagesOf((await from(`${host}/x.tar`)).text)
      expect(messages[0]).toEqual({ status: `Downloading from http://${host}/x.tar` })
      const size = archive.length
      expect(messages.at(-2)).toMatchObject({
        status: 'Importing',
        progressDetail: { current: size, total: size },
      })
      expect(await idOf('fetched')).toBe(messages.at(-1).status)
      const missing = await from(`http://${host}/nosuch`)
      expect([missing.status, missing.json().message]).toEqual([
        404,
        `failed to GET http://${host}/nosuch with status 404 Not Found: nothing here`,
      ])
      expect((await from('/etc/passwd')).status).toBe(500)
      expect((await from('file:///etc/passwd')).status).toBe(400)
    } finally {
      server.close()
    }
  })
})
