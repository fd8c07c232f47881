import { beforeAll, describe, expect, test } from 'vitest'
import { containersOf, HELLO as image, serve } from '../helpers/served.ts'
import { until } from '../helpers/until.ts'

const message = (text: unknown) => ({ message: text })
const { world, service, ask, answer } = serve('api-create', { quiet: true, removed: 'all' })
beforeAll(async () => {
  // The image is the program's own: its first use loads it.
  await world.lighter(['run', '--rm', '--network', 'none', image, 'true'])
})

const { create, start, untilEnded } = containersOf({ ask })
const sleeps = { Cmd: ['sleep', '1000'] }

describe('create refuses', () => {
  test.each<[string, unknown, number, string]>([
    ['', { Image: 'nosuch' }, 404, 'No such image: nosuch:latest'],
    ['', {}, 400, 'config cannot be empty in order to create a container'],
    ['', undefined, 400, 'invalid JSON: got EOF while reading request body'],
    ['', { Hostname: 'x' }, 400, 'no command specified'],
    [
      '',
      { Image: 'BAD' },
      400,
      'invalid reference format: repository name (library/BAD) must be lowercase',
    ],
    [
      'platform=linux/s390x',
      { Image: image },
      404,
      `image with reference ${image} was found but does not match the specified platform: wanted linux/s390x, actual: linux/amd64`,
    ],
    [
      'name=/',
      { Image: image },
      400,
      'Invalid container name (/), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed',
    ],
    [
      '',
      { Image: image, HostConfig: { Binds: 'x' } },
      400,
      'invalid JSON: json: cannot unmarshal string into Go struct field HostConfig.HostConfig.Binds of type []string',
    ],
    // 404 would have a client pull the image.
    [
      '',
      { Image: image, HostConfig: { Links: ['nosuch:x'] } },
      400,
      'could not get container for nosuch: No such container: nosuch',
    ],
    [
      '',
      { Image: image, HostConfig: { VolumesFrom: ['nosuch'] } },
      400,
      'No such container: nosuch',
    ],
    [
      '',
      { Image: image, HostConfig: { CapAdd: ['nosuch'] } },
      400,
      'invalid CapAdd: unknown capability: "CAP_NOSUCH"',
    ],
  ])('%s %j', async (query, document, status, text) => {
    expect(await answer('POST', `/containers/create?${query}`, document)).toEqual([
      status,
      message(text),
    ])
    expect((await ask('GET', '/containers/json?all=1')).json()).toEqual([])
  })

  test('a name that another one has', async () => {
    const id = await create('taken')
    expect(await answer('POST', '/containers/create?name=taken', { Image: image })).toEqual([
      409,
      message(
        `Conflict. The container name "/taken" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
      ),
    ])
  })

  test('what is no JSON, or another kind of document', async () => {
    const headers = { 'Content-Type': 'application/json' }
    for (const text of ['nonsense', '[]', '{"Image":', '"x"', '{"Image":"x"}}']) {
      const { status, json } = await service.ask(
        'POST',
        '/containers/create',
        Buffer.from(text),
        headers,
      )
      expect([text, status, json().message]).toEqual([
        text,
        400,
        expect.stringMatching(/^(invalid JSON: |unexpected content after JSON$)/),
      ])
    }
  })
})

test('a health check that is one text is run by the shell that the request names', async () => {
  await create('checked', {
    ...sleeps,
    Shell: ['/bin/echo', 'by'],
    Healthcheck: { Test: ['CMD-SHELL', 'me'], Interval: 50_000_000, Retries: 1 },
  })
  await start('checked')
  const log = async () => (await ask('GET', '/containers/checked/json')).json().State.Health.Log
  await until(async () => (await log()).length > 0, 'a check')
  expect((await log())[0].Output).toBe('by me\n')
})

test('masked paths are those of the request', async () => {
  await create('open', {
    Cmd: ['sh', '-c', 'wc -c </etc/passwd; echo x >/etc/group'],
    HostConfig: {
      NetworkMode: 'none',
      MaskedPaths: ['/etc/passwd'],
      ReadonlyPaths: ['/etc/group'],
    },
  })
  await start('open')
  await untilEnded('open')
  const { HostConfig } = (await ask('GET', '/containers/open/json')).json()
  expect([HostConfig.MaskedPaths, HostConfig.ReadonlyPaths]).toEqual([
    ['/etc/passwd'],
    ['/etc/group'],
  ])
  const { stdout, stderr } = await world.lighter(['logs', 'open'])
  expect(stdout).toBe('0\n')
  expect(stderr).toMatch(/read-only file system/i)
})
