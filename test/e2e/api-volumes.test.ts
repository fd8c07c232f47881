import { expect, test } from 'vitest'
import { serve } from '../helpers/served.ts'

const { world, ask } = serve('api-volumes')

test('one is made, listed, shown and removed, and the command line has it too', async () => {
  const made = await ask('POST', '/volumes/create', {
    Name: 'whole',
    Driver: 'local',
    DriverOpts: { type: 'tmpfs', device: 'tmpfs', o: 'size=1m' },
    Labels: { b: '1', a: '2' },
  })
  const document = {
    CreatedAt: expect.stringMatching(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    Driver: 'local',
    Labels: { a: '2', b: '1' },
    Mountpoint: `${world.data}/volumes/whole/_data`,
    Name: 'whole',
    Options: { device: 'tmpfs', o: 'size=1m', type: 'tmpfs' },
    Scope: 'local',
  }
  expect([made.status, made.json()]).toEqual([201, document])
  expect((await ask('GET', '/volumes/whole')).json()).toEqual(document)
  const filters = encodeURIComponent('{"name":["whole"],"dangling":["true"]}')
  expect((await ask('GET', `/volumes?filters=${filters}`)).json()).toEqual({
    Volumes: [document],
    Warnings: null,
  })
  const { stdout } = await world.lighter(['volume', 'inspect', 'whole'])
  expect(JSON.parse(stdout)).toEqual([document])
  expect(await ask('DELETE', '/volumes/whole')).toMatchObject({ status: 204, text: '' })
  expect((await world.lighter(['volume', 'ls', '-q'])).stdout).toBe('')
})

test('made twice it keeps what it has; without a name it gets one', async () => {
  await ask('POST', '/volumes/create', { Name: 'twice', Labels: { first: '1' } })
  const again = await ask('POST', '/volumes/create', { Name: 'twice', Labels: { second: '2' } })
  expect([again.status, again.json().Labels]).toEqual([201, { first: '1' }])
  for (const body of [{}, null, { Name: null, Labels: null, DriverOpts: null }]) {
    const { status, json } = await ask('POST', '/volumes/create', body)
    expect(status).toBe(201)
    expect(json()).toMatchObject({
      Name: expect.stringMatching(/^[0-9a-f]{64}$/),
      Labels: { 'com.docker.volume.anonymous': '' },
      Options: null,
    })
  }
})

test('prune takes those without a name; all before 1.42, or where it is said', async () => {
  await ask('POST', '/volumes/prune')
  await ask('POST', '/volumes/create', { Name: 'named' })
  await ask('POST', '/volumes/create', { Name: 'kept', Labels: { keep: '' } })
  const { Name } = (await ask('POST', '/volumes/create', {})).json()
  expect((await ask('POST', '/volumes/prune')).json()).toEqual({
    VolumesDeleted: [Name],
    SpaceReclaimed: 0,
  })
  const filters = encodeURIComponent('{"all":["1"],"label!":["keep"]}')
  const { VolumesDeleted } = (await ask('POST', `/volumes/prune?filters=${filters}`)).json()
  expect(VolumesDeleted).toContain('named')
  expect(VolumesDeleted).not.toContain('kept')
  expect((await ask('POST', '/v1.41/volumes/prune')).json().VolumesDeleted).toEqual(['kept'])
})

/** Statuses and sentences of Docker 26.1. */
test.each<[string, string, unknown, number, string | RegExp]>([
  ['POST', '/create', { Name: 'v' }, 400, /^create v: volume name is too short, /],
  ['POST', '/create', { Name: '../x' }, 400, /includes invalid characters for a local volume name/],
  [
    'POST',
    '/create',
    { Name: 'vv', Driver: 'nosuch' },
    404,
    'create vv: error looking up volume plugin nosuch: plugin "nosuch" not found',
  ],
  [
    'POST',
    '/create',
    { Name: 'vv', DriverOpts: { x: 'y' } },
    400,
    'create vv: invalid option: "x"',
  ],
  ['POST', '/create', { Name: 5 }, 400, /^invalid JSON: json: cannot unmarshal number into Go str/],
  ['POST', '/create', { ClusterVolumeSpec: {} }, 503, /^This node is not a swarm manager\. /],
  [
    'PUT',
    '/vv?version=1',
    {},
    503,
    'volume update only valid for cluster volumes, but swarm is unavailable',
  ],
  ['GET', '/nosuch', undefined, 404, 'get nosuch: no such volume'],
  ['DELETE', '/nosuch', undefined, 404, 'get nosuch: no such volume'],
  ['GET', '?filters={"x":["y"]}', undefined, 400, "invalid filter 'x'"],
  ['GET', '?filters=x', undefined, 400, 'error reading volume filters: invalid filter'],
  ['GET', '?filters={"dangling":["x"]}', undefined, 400, "invalid filter 'dangling=[x]'"],
  [
    'POST',
    '/prune?filters={"all":["x"]}',
    undefined,
    400,
    'invalid filter \'all\': strconv.ParseBool: parsing "x": invalid syntax',
  ],
])('%s /volumes%s %j: %i', async (method, path, body, status, message) => {
  const answer = await ask(method, `/volumes${encodeURI(path)}`, body)
  const text = typeof message === 'string' ? message : expect.stringMatching(message)
  expect([answer.status, answer.json()]).toEqual([status, { message: text }])
})

test('with force one that is not there is no failure; one in use is', async () => {
  expect((await ask('DELETE', '/volumes/nosuch?force=1')).status).toBe(204)
  await world.lighter(['create', '--name', 'user', '-v', 'used:/x', 'lighter/hello'])
  const answer = await ask('DELETE', '/volumes/used?force=1')
  expect([answer.status, answer.json().message]).toEqual([
    409,
    expect.stringMatching(/^remove used: volume is in use - \[[0-9a-f]{64}\]$/),
  ])
})
