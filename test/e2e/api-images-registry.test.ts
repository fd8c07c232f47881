import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import {
  bcrypt,
  type Server,
  startRegistryWith,
  startTokenServer,
  writeAs,
} from '../helpers/registries.ts'
import { serve } from '../helpers/served.ts'
import { messagesOf } from '../helpers/service-stream.ts'

const PASSWORD = 'correct horse: battery/staple'
const REGISTRY = inject('registry')
const DIGEST = /^Digest: (sha256:[0-9a-f]{64})$/

let locked: Server

const { world, service } = serve('api-registry')
beforeAll(async () => {
  const file = join(inject('work'), `api-registry-${process.pid}`)
  writeFileSync(file, `tester:${bcrypt(PASSWORD)}\n`)
  locked = await startRegistryWith(`auth:\n  htpasswd: { realm: tests, path: ${file} }`)
})
afterAll(() => locked?.stop())

const authOf = (auth: object) => ({
  'X-Registry-Auth': Buffer.from(JSON.stringify(auth)).toString('base64url'),
})
const tester = authOf({ username: 'tester', password: PASSWORD })
const nobody = authOf({})
const create = (query: string, headers = {}) =>
  service.ask('POST', `/images/create?${query}`, undefined, headers)
const pull = (name: string, headers = {}) => create(`fromImage=${name}&tag=latest`, headers)
const remove = (name: string) => service.ask('DELETE', `/images/${name}?force=1`)

describe('pull', () => {
  test('tells its progress, and that there was nothing to do', async () => {
    await remove(`${REGISTRY}/busybox`)
    const first = await pull(`${REGISTRY}/busybox`)
    expect([first.status, first.headers['content-type']]).toEqual([200, 'application/json'])
    const messages = messagesOf(first.text)
    expect(messages[0]).toEqual({ status: 'Pulling from busybox', id: 'latest' })
    expect(messages[1]).toEqual({
      status: 'Pulling fs layer',
      progressDetail: {},
      id: expect.stringMatching(/^[0-9a-f]{12}$/),
    })
    const counts = messages.filter(({ status }) => status === 'Downloading')
    expect(counts.at(-1)).toEqual({
      status: 'Downloading',
      progressDetail: { current: expect.any(Number), total: expect.any(Number) },
      progress: expect.stringMatching(/^\[=+>\] +[\d.]+k?M?B\/[\d.]+k?M?B$/),
      id: expect.any(String),
    })
    expect(messages.filter(({ status }) => status === 'Pull complete')).toHaveLength(2)
    const [digest, last] = messages.slice(-2)
    expect(digest.status).toMatch(DIGEST)
    const name = `${REGISTRY}/busybox:latest`
    expect(last).toEqual({ status: `Status: Downloaded newer image for ${name}` })

    const again = messagesOf((await pull(`${REGISTRY}/busybox`)).text)
    expect(again.map(({ status }) => status)).toEqual([
      'Pulling from busybox',
      digest.status,
      `Status: Image is up to date for ${name}`,
    ])
    const byDigest = await create(
      `fromImage=${REGISTRY}/busybox&tag=${DIGEST.exec(digest.status)?.[1]}`,
    )
    expect(messagesOf(byDigest.text).at(-1).status).toMatch(/@sha256:[0-9a-f]{64}$/)
  })

  test('without a tag takes all of a repository', async () => {
    const answer = await create(`fromImage=${REGISTRY}/busybox`)
    const messages = messagesOf(answer.text)
    expect(messages.filter(({ id }) => id === 'latest')).toHaveLength(1)
    expect(messages.at(-1).status).toMatch(/^Status: .* for .*\/busybox$/)
  })

  test.each([
    [
      'fromImage=HOST/nosuch&tag=x',
      404,
      'manifest for HOST/nosuch:x not found: manifest unknown: manifest unknown',
    ],
    [
      'fromImage=HOST/BAD',
      400,
      'invalid reference format: repository name (BAD) must be lowercase',
    ],
    [
      'fromImage=HOST/busybox&tag=latest&platform=a/b/c/d',
      400,
      '"a/b/c/d": cannot parse platform specifier: invalid argument',
    ],
    [
      'fromImage=127.0.0.1:1/x&tag=y',
      500,
      'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
    ],
    ['', 400, 'one of fromImage and fromSrc is needed'],
  ])('refuses %s with %i', async (query, status, message) => {
    const answer = await create(query.replace('HOST', REGISTRY))
    const expected = { message: message.replace('HOST', REGISTRY) }
    expect([answer.status, answer.json()]).toEqual([status, expected])
  })

  test('tells in its stream what goes wrong once it has begun', async () => {
    const answer = await create(`fromImage=${REGISTRY}/busybox&tag=arm64&platform=linux/amd64`)
    expect(answer.status).toBe(200)
    const { errorDetail, error } = messagesOf(answer.text).at(-1)
    expect(error).toMatch(/does not match the specified platform: wanted linux\/amd64/)
    expect(errorDetail).toEqual({ message: error })
  })
})

describe('credentials', () => {
  const name = () => `${locked.host}/busybox`
  const config = () => join(world.home, '.docker/config.json')

  test('come with the call, are used for it, and are not kept', async () => {
    const without = await pull(name())
    expect([without.status, without.json().message]).toEqual([
      500,
      expect.stringMatching(/no basic auth credentials$/),
    ])
    const wrong = await pull(name(), authOf({ username: 'tester', password: 'guess' }))
    expect(wrong.status).not.toBe(200)
    expect((await pull(name(), tester)).status).toBe(200)
    // Also in the other form of them, and in base64 of the usual alphabet.
    const auth = Buffer.from(`tester:${PASSWORD}`).toString('base64')
    const usual = Buffer.from(JSON.stringify({ auth, serveraddress: locked.host }))
    expect((await pull(name(), { 'X-Registry-Auth': usual.toString('base64') })).status).toBe(200)
    expect((await pull(name())).status).toBe(500)
    expect(existsSync(config())).toBe(false)
    expect(service.log()).toBe('')
  })

  test('are the user’s where a call says nothing of them', async () => {
    const auth = Buffer.from(`tester:${PASSWORD}`).toString('base64')
    writeAs(world.ids, config(), JSON.stringify({ auths: { [locked.host]: { auth } } }))
    expect((await pull(name())).status).toBe(200)
    expect((await pull(name(), nobody)).status).toBe(500)
    expect((await pull(name(), { 'X-Registry-Auth': 'no base64 of anything' })).status).toBe(500)
    writeAs(world.ids, config(), '{}')
  })

  test('may be a token', async () => {
    const tokens = await startTokenServer('tester', PASSWORD)
    const registry = await startRegistryWith(tokens.settings)
    try {
      const at = `${registry.host}/busybox`
      expect((await pull(at, nobody)).status).not.toBe(200)
      const identity = authOf({ identitytoken: `refresh-${PASSWORD}` })
      expect((await pull(at, identity)).status).toBe(200)
      const query = 'scope=repository:busybox:pull'
      const basic = Buffer.from(`tester:${PASSWORD}`).toString('base64')
      const answer = await fetch(`http://${tokens.host}/token?${query}`, {
        headers: { authorization: `Basic ${basic}` },
      })
      const { token } = (await answer.json()) as { token: string }
      expect((await pull(at, authOf({ registrytoken: token }))).status).toBe(200)
      expect((await pull(at, authOf({ registrytoken: 'a\nb' }))).status).not.toBe(200)
    } finally {
      await registry.stop()
      await tokens.stop()
    }
  })

  test('are asked about by /auth, which keeps nothing', async () => {
    const ask = (document: object) => service.ask('POST', '/auth', document)
    const given = { username: 'tester', password: PASSWORD, serveraddress: `http://${locked.host}` }
    const known = await ask(given)
    expect([known.status, known.json()]).toEqual([
      200,
      { IdentityToken: '', Status: 'Login Succeeded' },
    ])
    const wrong = await ask({ ...given, password: 'guess' })
    expect([wrong.status, wrong.json().message]).toEqual([
      401,
      `login attempt to http://${locked.host}/v2/ failed with status: 401 Unauthorized`,
    ])
    expect((await ask({ serveraddress: locked.host })).status).toBe(400)
    expect((await ask({ ...given, password: 7 })).json()).toEqual({
      message: expect.stringMatching(
        /json: cannot unmarshal number into Go struct field AuthConfig.password of type string$/,
      ),
    })
    expect(readdirSync(join(world.home, '.docker'))).toEqual(['config.json'])
  })
})

describe('push', () => {
  const own = () => `${locked.host}/pushed-${process.pid}`

  test('tells its progress, and what it has pushed', async () => {
    await pull(`${REGISTRY}/busybox`)
    await service.ask('POST', `/images/${REGISTRY}/busybox/tag?repo=${own()}&tag=one`)
    const pushed = await service.ask('POST', `/images/${own()}/push?tag=one`, undefined, tester)
    const messages = messagesOf(pushed.text)
    expect(messages[0]).toEqual({ status: `The push refers to repository [${own()}]` })
    expect(messages.filter(({ status }) => status === 'Preparing')).toHaveLength(2)
    const { aux, ...last } = messages.at(-1)
    expect(last).toEqual({ progressDetail: {} })
    expect(aux).toEqual({
      Tag: 'one',
      Digest: expect.stringMatching(/^sha256:/),
      Size: expect.any(Number),
    })
    expect(messages.at(-2)).toEqual({
      status: `one: digest: ${aux.Digest} size: ${aux.Size}`,
    })
    const known = await service.ask('GET', `/distribution/${own()}:one/json`, undefined, tester)
    expect(known.json()).toEqual({
      Descriptor: { mediaType: expect.any(String), digest: aux.Digest, size: aux.Size },
      Platforms: [{ architecture: 'amd64', os: 'linux' }],
    })
  })

  test.each([
    ['?tag=nosuch', 'tag does not exist: NAME:nosuch'],
    ['-other?tag=x', 'An image does not exist locally with the tag: NAME-other'],
  ])('of %s is refused in its stream', async (rest, message) => {
    const [suffix = '', query] = rest.split('?')
    const answer = await service.ask(
      'POST',
      `/images/${own()}${suffix}/push?${query}`,
      undefined,
      tester,
    )
    expect(messagesOf(answer.text).at(-1).error).toBe(message.replace('NAME', own()))
  })

  test('needs somebody', async () => {
    const answer = await service.ask('POST', `/images/${own()}/push?tag=one`, undefined, nobody)
    expect(messagesOf(answer.text).at(-1).error).toMatch(/no basic auth credentials$/)
  })
})

test('distribution tells the platforms of an index, and what is not there', async () => {
  const several = await service.ask('GET', `/distribution/${REGISTRY}/busybox:multi/json`)
  expect(several.json().Platforms).toEqual([
    { architecture: 'arm64', os: 'linux' },
    { architecture: 'amd64', os: 'linux' },
  ])
  const missing = await service.ask('GET', `/distribution/${REGISTRY}/nosuch/json`)
  expect([missing.status, missing.json()]).toEqual([
    404,
    { message: 'manifest unknown: manifest unknown' },
  ])
  const denied = await service.ask('GET', `/distribution/${locked.host}/busybox/json`)
  expect(denied.status).toBe(401)
})

test('search', async () => {
  const results = [{ name: 'a/b', description: 'text', star_count: 3, is_official: true }]
  const server = createServer((_, response) => response.end(JSON.stringify({ results })))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const search = (query: string) => service.ask('GET', `/images/search?${query}`)
  try {
    expect((await search(`term=${host}/x`)).json()).toEqual([
      { star_count: 3, is_official: true, name: 'a/b', is_automated: false, description: 'text' },
    ])
    const few = encodeURIComponent(JSON.stringify({ stars: ['4'] }))
    expect((await search(`term=${host}/x&filters=${few}`)).json()).toEqual([])
    const bad = encodeURIComponent(JSON.stringify({ nosuch: ['4'] }))
    expect((await search(`term=${host}/x&filters=${bad}`)).json()).toEqual({
      message: "invalid filter 'nosuch'",
    })
    for (const limit of [-1, 101])
      expect((await search(`term=${host}/x&limit=${limit}`)).json()).toEqual({
        message: `limit ${limit} is outside the range of [1, 100]`,
      })
  } finally {
    server.close()
  }
})
