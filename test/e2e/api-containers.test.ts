import { describe, expect, test } from 'vitest'
import { containersOf, HELLO as image, serve } from '../helpers/served.ts'

const message = (text: unknown) => ({ message: text })
const filtered = (filters: object) => `filters=${encodeURIComponent(JSON.stringify(filters))}`

const { world, ask, answer } = serve('api-containers', { quiet: true, removed: 'all' })

const { create, start, untilEnded } = containersOf({ ask })
const sleeps = { Cmd: ['sleep', '1000'] }

test('checkpoints are of the experimental mode, which there is none of', async () => {
  const refused = [501, message(expect.stringMatching(/^This experimental feature is disabled/))]
  expect(await answer('GET', '/containers/nosuch/checkpoints')).toEqual(refused)
  expect(await answer('POST', '/containers/nosuch/checkpoints', {})).toEqual(refused)
  expect(await answer('DELETE', '/containers/nosuch/checkpoints/x')).toEqual(refused)
})

describe('a life', () => {
  test('create, start, inspect, list, stop, remove', async () => {
    const id = await create('life', { ...sleeps, Labels: { b: '1', a: '2' } })
    expect((await ask('GET', '/containers/json')).json()).toEqual([])
    await start('life')
    const shown = (await ask('GET', `/v1.45/containers/${id.slice(0, 12)}/json`)).json()
    expect(shown).toMatchObject({
      Id: id,
      Name: '/life',
      Path: 'sleep',
      Args: ['1000'],
      State: { Status: 'running', Running: true },
    })
    expect(JSON.parse((await world.lighter(['inspect', 'life'])).stdout)[0]).toEqual(shown)
    expect((await ask('GET', '/v1.45/containers/json')).json()).toEqual([
      {
        Id: id,
        Names: ['/life'],
        Image: image,
        ImageID: shown.Image,
        Command: 'sleep 1000',
        Created: Math.floor(Date.parse(shown.Created) / 1000),
        Ports: [],
        Labels: { a: '2', b: '1' },
        State: 'running',
        Status: expect.stringMatching(/^Up /),
        HostConfig: { NetworkMode: 'none' },
        NetworkSettings: { Networks: { none: expect.objectContaining({ DNSNames: null }) } },
        Mounts: [],
      },
    ])
    expect(await answer('POST', '/containers/life/stop?t=0')).toEqual([204, ''])
    expect(await answer('POST', '/containers/life/stop')).toEqual([304, ''])
    expect(await answer('DELETE', '/containers/life?v=1')).toEqual([204, ''])
    expect(await answer('GET', '/containers/life/json')).toEqual([
      404,
      message('No such container: life'),
    ])
  })

  test('sizes, where they are asked for', async () => {
    await create('sized', { Cmd: ['sh', '-c', 'head -c 100000 /dev/zero >/big'] })
    await start('sized')
    await untilEnded('sized')
    const [row] = (await ask('GET', '/containers/json?all=1&size=1')).json()
    expect(row.SizeRw).toBeGreaterThanOrEqual(100_000)
    expect(row.SizeRootFs).toBeGreaterThan(row.SizeRw)
    const document = (await ask('GET', '/containers/sized/json?size=1')).json()
    expect([document.SizeRw, document.SizeRootFs]).toEqual([row.SizeRw, row.SizeRootFs])
    expect((await ask('GET', '/containers/sized/json')).json()).not.toHaveProperty('SizeRw')
  })

  test('pause, kill, restart, rename', async () => {
    const id = await create('busy', sleeps)
    const refused = message(`container ${id} is not running`)
    expect(await answer('POST', '/containers/busy/pause')).toEqual([409, refused])
    expect(await answer('POST', '/containers/busy/kill')).toEqual([
      409,
      message(`cannot kill container: busy: container ${id} is not running`),
    ])
    await start('busy')
    expect(await answer('POST', '/containers/busy/kill?signal=NO')).toEqual([
      400,
      message('cannot kill container: busy: invalid signal: NO'),
    ])
    expect(await answer('DELETE', '/containers/busy')).toEqual([
      409,
      message(
        'cannot remove container "/busy": container is running: stop the container before removing or force remove',
      ),
    ])
    expect(await answer('POST', '/containers/busy/restart?t=0')).toEqual([204, ''])
    expect(await answer('POST', '/containers/busy/rename?name=calm')).toEqual([204, ''])
    expect(await answer('POST', '/containers/calm/rename?name=calm')).toEqual([
      400,
      message('Renaming a container with the same name as its current name'),
    ])
    expect(await answer('POST', '/containers/calm/rename')).toEqual([
      400,
      message('Neither old nor new names may be empty'),
    ])
    expect(await answer('POST', '/containers/calm/kill')).toEqual([204, ''])
    const { State } = (await ask('GET', '/containers/calm/json')).json()
    expect(State).toMatchObject({ Status: 'exited', ExitCode: 137 })
    expect(await answer('DELETE', '/containers/calm?link=1')).toEqual([
      409,
      message('Conflict, cannot remove the default link name of the container'),
    ])
    expect(await answer('DELETE', '/containers/calm?force=1')).toEqual([204, ''])
    expect(await answer('DELETE', '/containers/calm?force=1')).toEqual([
      404,
      message('No such container: calm'),
    ])
  })

  test('top', async () => {
    await create('shown', sleeps)
    expect((await ask('GET', '/containers/shown/top')).status).toBe(409)
    await start('shown')
    const { Titles, Processes } = (await ask('GET', '/containers/shown/top')).json()
    expect(Titles).toEqual(['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD'])
    expect(Processes).toEqual([expect.arrayContaining(['sleep 1000'])])
    expect((await ask('GET', '/containers/shown/top?ps_args=-o%20pid,comm')).json()).toEqual({
      Titles: ['PID', 'COMMAND'],
      Processes: [[expect.stringMatching(/^\d+$/), 'sleep']],
    })
    expect(await answer('GET', '/containers/shown/top?ps_args=-o%20comm')).toEqual([
      400,
      message("Couldn't find PID field in ps output"),
    ])
  })

  test('update changes what it names, and nothing else', async () => {
    await create('changed', {
      HostConfig: { NetworkMode: 'none', RestartPolicy: { Name: 'always' } },
    })
    const policy = async () =>
      (await ask('GET', '/containers/changed/json')).json().HostConfig.RestartPolicy
    expect(await answer('POST', '/containers/changed/update', {})).toEqual([
      200,
      { Warnings: null },
    ])
    expect(await policy()).toEqual({ Name: 'always', MaximumRetryCount: 0 })
    const RestartPolicy = { Name: 'on-failure', MaximumRetryCount: 2 }
    expect((await ask('POST', '/containers/changed/update', { RestartPolicy })).status).toBe(200)
    expect(await policy()).toEqual(RestartPolicy)
    await ask('POST', '/containers/changed/update', { RestartPolicy: { Name: 'no' } })
    expect((await policy()).Name).toBe('no')
    expect(await answer('POST', '/containers/changed/update', { Memory: 'x' })).toEqual([
      400,
      message(
        'invalid JSON: json: cannot unmarshal string into Go struct field UpdateConfig.Memory of type int64',
      ),
    ])
  })
})

describe('lists', () => {
  test('limits and filters', async () => {
    const first = await create('first', { ...sleeps, Labels: { color: 'red' } })
    const second = await create('second')
    await start('first')
    const ids = async (query: string) =>
      (await ask('GET', `/containers/json?${query}`)).json().map(({ Id }: { Id: string }) => Id)
    expect(await ids('')).toEqual([first])
    expect(await ids('all=1')).toEqual([second, first])
    expect(await ids('limit=1')).toEqual([second])
    expect(await ids(filtered({ status: ['created'] }))).toEqual([second])
    expect(await ids(`all=1&${filtered({ label: ['color=red'] })}`)).toEqual([first])
    expect(await ids(`all=1&${filtered({ since: ['first'] })}`)).toEqual([second])
    expect(await ids(`all=1&${filtered({ name: { '^/second$': true } })}`)).toEqual([second])
    expect(await answer('GET', `/containers/json?${filtered({ status: ['x'] })}`)).toEqual([
      400,
      message("invalid filter 'status=x'"),
    ])
    expect(await answer('GET', `/containers/json?${filtered({ since: ['nosuch'] })}`)).toEqual([
      404,
      message('No such container: nosuch'),
    ])
    expect(await answer('GET', '/containers/json?filters=x')).toMatchObject([400, {}])
  })

  test('ports, the published ones and others', async () => {
    await create('ports', {
      ...sleeps,
      ExposedPorts: { '90/tcp': {} },
      HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] } },
    })
    await start('ports')
    const [row] = (await ask('GET', '/containers/json')).json()
    expect(row.Ports).toEqual([
      { IP: '127.0.0.1', PrivatePort: 80, PublicPort: expect.any(Number), Type: 'tcp' },
      { PrivatePort: 90, Type: 'tcp' },
    ])
  })

  test('prune', async () => {
    const kept = await create('kept', { Labels: { keep: '' } })
    const gone = await create('gone')
    expect(await answer('POST', `/containers/prune?${filtered({ x: ['y'] })}`)).toEqual([
      400,
      message("invalid filter 'x'"),
    ])
    expect(await answer('POST', `/containers/prune?${filtered({ 'label!': ['keep'] })}`)).toEqual([
      200,
      { ContainersDeleted: [gone], SpaceReclaimed: expect.any(Number) },
    ])
    expect(await answer('POST', `/containers/prune?${filtered({ label: ['x'] })}`)).toEqual([
      200,
      { ContainersDeleted: null, SpaceReclaimed: 0 },
    ])
    expect((await ask('GET', '/containers/json?all=1')).json()).toMatchObject([{ Id: kept }])
  })
})
