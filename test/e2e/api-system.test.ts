import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { beforeAll, describe, expect, test } from 'vitest'
import { HELLO as image, serve } from '../helpers/served.ts'
import { until } from '../helpers/until.ts'

const { world, service, ask } = serve('api-system')
beforeAll(async () => {
  const writer = ['sh', '-c', 'echo 12345678 >/x/file; echo 1234 >/file']
  await world.lighter(['run', '--name', 'down', '-v', 'named:/x', image, ...writer])
})

test('version and info are those of the command line', async () => {
  const said = (await ask('GET', '/version')).json()
  const { stdout } = await world.lighter(['version', '--format', 'json'])
  const { Components: _, ...own } = JSON.parse(stdout).Server
  expect(said).toMatchObject(own)
  expect(said).toMatchObject({ ApiVersion: '1.51', MinAPIVersion: '1.24', Os: 'linux' })
  expect(said.Components[0]).toMatchObject({ Name: 'Engine', Details: { ApiVersion: '1.51' } })
  const info = (await ask('GET', '/info')).json()
  const shown = JSON.parse((await world.lighter(['info', '-f', 'json'])).stdout)
  for (const key of ['ID', 'Containers', 'Images', 'Driver', 'NCPU', 'DockerRootDir', 'Swarm']) {
    expect([key, info[key]]).toEqual([key, shown[key]])
  }
  expect(info).toMatchObject({ Containers: 1, ContainersStopped: 1, Images: 1 })
  expect(info.ClientInfo).toBeUndefined()
})

test('ping, also as HEAD', async () => {
  const head = await ask('HEAD', '/_ping')
  expect([head.status, head.text]).toEqual([200, ''])
  expect(head.headers).toMatchObject({ ostype: 'linux', swarm: 'inactive', 'api-version': '1.51' })
})

describe('system/df', () => {
  test('everything, as system df has it', async () => {
    const df = (await ask('GET', '/system/df')).json()
    expect(Object.keys(df)).toEqual(['LayersSize', 'Images', 'Containers', 'Volumes', 'BuildCache'])
    expect(df.Images).toEqual([
      expect.objectContaining({ RepoTags: [`${image}:latest`], Containers: 1, SharedSize: 0 }),
    ])
    expect(df.LayersSize).toBe(df.Images[0].Size)
    expect(df.Containers).toEqual([expect.objectContaining({ Names: ['/down'], SizeRw: 5 })])
    expect(df.Containers[0].SizeRootFs).toBeGreaterThan(df.LayersSize)
    expect(df.Volumes).toEqual([
      expect.objectContaining({ Name: 'named', UsageData: { RefCount: 1, Size: 9 } }),
    ])
    expect(df.BuildCache).toEqual([])
  })

  test('some of it', async () => {
    const df = (await ask('GET', '/system/df?type=volume&type=build-cache')).json()
    expect(df).toMatchObject({ LayersSize: 0, Images: null, Containers: null, BuildCache: [] })
    expect(df.Volumes).toHaveLength(1)
    const old = (await ask('GET', '/v1.41/system/df?type=volume')).json()
    expect([old.Images.length, old.BuilderSize]).toEqual([1, 0])
    const wrong = await ask('GET', '/system/df?type=bogus')
    expect([wrong.status, wrong.json()]).toEqual([400, { message: 'unknown object type: bogus' }])
  })
})

describe('events', () => {
  interface Stream {
    sent: ClientRequest
    answer: IncomingMessage
    lines: () => Record<string, unknown>[]
  }

  async function follow(search: string): Promise<Stream> {
    const sent = request({ socketPath: service.socket, path: `/events${search}`, agent: false })
    sent.end()
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    let text = ''
    answer.setEncoding('utf8').on('data', (chunk) => {
      text += chunk
    })
    const lines = () => text.split('\n').filter(Boolean)
    return { sent, answer, lines: () => lines().map((line) => JSON.parse(line)) }
  }

  test('what happens from the answer’s head on, a document a line, until the client goes', async () => {
    const filters = encodeURIComponent('{"type":["volume"]}')
    const { sent, answer, lines } = await follow(`?filters=${filters}`)
    expect(answer.headers['content-type']).toBe('application/json')
    await ask('POST', '/volumes/create', { Name: 'seen' })
    await world.lighter(['network', 'create', 'unseen'])
    await world.lighter(['volume', 'rm', 'seen'])
    await until(() => lines().length >= 2, 'two events')
    expect(lines()).toEqual(
      ['create', 'destroy'].map((Action) => ({
        Type: 'volume',
        Action,
        Actor: { ID: 'seen', Attributes: { driver: 'local' } },
        scope: 'local',
        time: expect.any(Number),
        timeNano: expect.any(Number),
      })),
    )
    sent.destroy()
  })

  /** Compose 2.26 panics at an interrupt of `up` where the event comes before the answer. */
  test('whoever stops a container hears that it did before its death is told', async () => {
    await world.lighter(['run', '-d', '--name', 'short', image, 'sleep', '1000'])
    const filters = encodeURIComponent('{"container":["short"],"event":["die"]}')
    const { sent, lines } = await follow(`?filters=${filters}`)
    for (let round = 0; round < 3; round++) {
      const before = lines().length
      const stopped = await ask('POST', '/containers/short/stop?t=0')
      expect([stopped.status, lines().length]).toEqual([204, before])
      await until(() => lines().length > before, 'it is told')
      await ask('POST', '/containers/short/start')
    }
    sent.destroy()
    await world.lighter(['rm', '-f', 'short'])
  })

  test('what has happened, and an end', async () => {
    const now = Math.floor(Date.now() / 1000) + 1
    const filters = encodeURIComponent('{"container":["down"]}')
    const { answer, lines } = await follow(`?since=0&until=${now}.5&filters=${filters}`)
    await once(answer, 'end')
    expect(lines().map(({ status }) => status)).toEqual(
      expect.arrayContaining(['create', 'start', 'die']),
    )
  })

  test.each([
    ['since=5&until=2', '`since` time (5) cannot be after `until` time (2)'],
    ['since=x', 'strconv.ParseInt: parsing "x": invalid syntax'],
    ['filters=x', 'invalid filter'],
  ])('%s', async (search, message) => {
    const answer = await ask('GET', `/events?${search}`)
    expect([answer.status, answer.json()]).toEqual([400, { message }])
  })
})

describe('an engine in no swarm', () => {
  const manager =
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.'

  test.each([
    ...['swarm', 'nodes', 'services', 'tasks', 'secrets', 'configs'].flatMap((kind) => [
      ['GET', `/${kind}`],
      ...(kind === 'swarm' ? [] : [['GET', `/${kind}/some`]]),
    ]),
    ...['services', 'secrets', 'configs'].map((kind) => ['POST', `/${kind}/create`]),
    ...['services', 'secrets', 'configs', 'nodes'].flatMap((kind) => [
      ['DELETE', `/${kind}/some`],
      ['POST', `/${kind}/some/update?version=1`],
    ]),
    ['POST', '/swarm/update?version=1'],
    ['POST', '/swarm/unlock'],
    ['GET', '/swarm/unlockkey'],
    ['GET', '/services/some/logs?stdout=1'],
  ])('%s %s', async (method, path) => {
    const answer = await ask(method ?? '', path ?? '')
    expect([answer.status, answer.json()]).toEqual([503, { message: manager }])
  })

  test.each<[string, string, number, string | RegExp]>([
    ['POST', '/swarm/leave', 503, 'This node is not part of a swarm'],
    [
      'POST',
      '/services/x/update',
      400,
      'invalid service version \'\': strconv.ParseUint: parsing "": invalid syntax',
    ],
    ['GET', '/tasks/x/logs', 400, 'Bad parameters: you must choose at least one stream'],
    ['POST', '/swarm/init', 501, /^swarm mode is not supported/],
    ['POST', '/swarm/join', 501, /^swarm mode is not supported/],
    ['GET', '/plugins/a/b:c/json', 404, 'plugin "a/b:c" not found'],
    ['POST', '/plugins/x/enable', 404, 'plugin "x" not found'],
    ['DELETE', '/plugins/x', 404, 'plugin "x" not found'],
    ['POST', '/plugins/pull?remote=x', 501, /^plugins cannot be installed/],
    ['GET', '/plugins?filters={"x":["y"]}', 400, "invalid filter 'x'"],
  ])('%s %s: %i', async (method, path, status, message) => {
    const answer = await ask(method, encodeURI(path))
    const text = typeof message === 'string' ? message : expect.stringMatching(message)
    expect([answer.status, answer.json()]).toEqual([status, { message: text }])
  })

  test('no plugins', async () => {
    expect((await ask('GET', '/plugins')).json()).toEqual([])
  })
})
