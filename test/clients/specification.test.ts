import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { dockerPrograms } from '../fixtures/clients.ts'
import { type Answer, startService, type TestService } from '../helpers/service.ts'
import { makeWorld, type World } from '../helpers/world.ts'
import { pullBusybox } from './images.ts'
import { Specification } from './specification.ts'

let world: World
let service: TestService
const published = new Specification(dockerPrograms(inject('cache')).specification)

beforeAll(async () => {
  world = makeWorld('published')
  await pullBusybox(world)
  service = await startService(world)
  await world.lighter(['network', 'create', 'lan'])
  await world.lighter(['volume', 'create', '--label', 'a=b', 'kept'])
  const flags = ['--network', 'lan', '-p', '127.0.0.1:0:80', '-v', 'kept:/v', '--init', '-e', 'A=b']
  const health = ['--health-cmd', 'true', '--health-interval', '1s']
  const command = ['busybox', 'sh', '-c', 'echo said; exec sleep 1000']
  await world.lighter(['run', '-d', '--name', 'box', ...flags, ...health, ...command])
})
afterAll(async () => {
  await world?.lighter(['rm', '-f', 'box', 'over'])
  await world?.lighter(['network', 'rm', 'lan'])
  await world?.lighter(['volume', 'rm', 'kept'])
  expect(service?.log()).toBe('')
  await service?.stop()
  await world?.remove()
})

const ask = (method: string, path: string, body?: unknown): Promise<Answer> =>
  service.ask(method, published.base + path, body)

/** Asks, and checks what is answered against what is published of the address. */
async function checked(
  method: string,
  path: string,
  {
    at = path.split('?')[0] ?? '',
    status = 200,
    body,
  }: { at?: string; status?: number; body?: unknown } = {},
): Promise<Answer> {
  const answer = await ask(method, path, body)
  expect([answer.status, answer.status === status ? '' : answer.text]).toEqual([status, ''])
  expect(published.problems(method, at, status, answer.json())).toEqual([])
  return answer
}

const check = async (...asked: Parameters<typeof checked>): Promise<void> =>
  void (await checked(...asked))

describe('what is published has an answer', () => {
  const addresses = Object.entries(published.paths).flatMap(([path, methods]) =>
    Object.keys(methods)
      .filter((method) => /^(get|head|post|put|delete)$/.test(method))
      .map((method) => [method.toUpperCase(), path] as const),
  )

  test.each(addresses)('%s %s', async (method, path) => {
    // Nothing of that name is there: what matters is that somebody knows the address.
    const end = path === '/events' ? '?until=1' : ''
    const name = path.startsWith('/distribution/') ? `${inject('registry')}/no` : 'no.such.thing'
    const { status, text } = await ask(
      method,
      path.replace(/\{\w+\}/g, name) + end,
      method === 'POST' ? {} : undefined,
    )
    expect([status, text]).not.toEqual([404, '{"message":"page not found"}\n'])
    // Docker Hub, which is asked for images to be found, may be out of reach.
    if (path !== '/images/search') expect(status).not.toBe(500)
  })
})

describe('answers are as published', () => {
  beforeAll(async () => {
    await world.lighter(['run', '--name', 'over', 'busybox', 'true'])
  })

  test.each([
    '/version',
    '/info',
    '/system/df',
    '/containers/json?all=1&size=1',
    '/images/json?all=1&shared-size=1',
    '/networks',
    '/volumes',
    '/plugins',
  ])('GET %s', (path) => check('GET', path))

  test.each([
    ['/containers/box/json?size=1', '/containers/{id}/json'],
    ['/containers/over/json', '/containers/{id}/json'],
    ['/containers/box/top', '/containers/{id}/top'],
    ['/containers/box/changes', '/containers/{id}/changes'],
    ['/containers/box/stats?stream=0', '/containers/{id}/stats'],
    ['/images/busybox/json', '/images/{name}/json'],
    ['/images/busybox/history', '/images/{name}/history'],
    ['/networks/lan?verbose=1', '/networks/{id}'],
    ['/volumes/kept', '/volumes/{name}'],
  ])('GET %s', (path, at) => check('GET', path, { at }))

  test('GET /distribution/{name}/json', async () => {
    const name = `${inject('registry')}/busybox:latest`
    await check('GET', `/distribution/${name}/json`, { at: '/distribution/{name}/json' })
  })

  test('the life of a container', async () => {
    const { Id } = (
      await checked('POST', '/containers/create?name=made', {
        at: '/containers/create',
        status: 201,
        body: { Image: 'busybox', Cmd: ['sh', '-c', 'read line; exit 3'], OpenStdin: true },
      })
    ).json()
    expect((await ask('POST', `/containers/${Id}/start`)).status).toBe(204)
    expect((await ask('POST', `/containers/${Id}/start`)).status).toBe(304)
    await check('POST', `/containers/${Id}/update`, {
      at: '/containers/{id}/update',
      body: { RestartPolicy: { Name: 'no' } },
    })
    const { Id: exec } = (
      await checked('POST', `/containers/${Id}/exec`, {
        at: '/containers/{id}/exec',
        status: 201,
        body: { Cmd: ['true'], AttachStdout: true },
      })
    ).json()
    await check('GET', `/exec/${exec}/json`, { at: '/exec/{id}/json' })
    const waiting = checked('POST', `/containers/${Id}/wait`, { at: '/containers/{id}/wait' })
    expect((await ask('POST', `/containers/${Id}/kill`)).status).toBe(204)
    expect((await waiting).json()).toEqual({ StatusCode: 137 })
    await check('POST', `/commit?container=${Id}&repo=committed`, {
      at: '/commit',
      status: 201,
      body: {},
    })
    await check('DELETE', '/images/committed', { at: '/images/{name}' })
    expect((await ask('DELETE', `/containers/${Id}`)).status).toBe(204)
    await check('GET', `/containers/${Id}/json`, { at: '/containers/{id}/json', status: 404 })
  })

  test('networks and volumes', async () => {
    await check('POST', '/networks/create', { status: 201, body: { Name: 'new' } })
    await check('POST', '/networks/prune')
    await check('POST', '/volumes/create', {
      status: 201,
      body: { Name: 'new', Labels: { a: 'b' } },
    })
    await check('POST', `/volumes/prune?filters=${encodeURIComponent('{"all":["1"]}')}`, {
      at: '/volumes/prune',
    })
  })

  test.each([
    ['/containers/prune', '{"label":["nosuch"]}'],
    ['/images/prune', '{"label":["nosuch"]}'],
    ['/build/prune', '{"id":["nosuch"]}'],
  ])('POST %s', (at, filters) =>
    check('POST', `${at}?filters=${encodeURIComponent(filters)}`, { at }),
  )

  test('GET /events', async () => {
    const { text } = await ask('GET', `/events?since=1&until=${Math.floor(Date.now() / 1000)}`)
    const events = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(events.length).toBeGreaterThan(5)
    const problems = events.flatMap((event) => published.problems('GET', '/events', 200, event))
    expect(problems).toEqual([])
  })

  test.each(['/swarm', '/nodes', '/services', '/tasks', '/secrets', '/configs'])(
    'GET %s: no manager of a swarm',
    (path) => check('GET', path, { status: 503 }),
  )
})
