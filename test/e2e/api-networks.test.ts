import { beforeAll, describe, expect, test } from 'vitest'
import { HELLO as image, serve } from '../helpers/served.ts'

const { world, ask } = serve('api-networks')
const create = async (body: object) => (await ask('POST', '/networks/create', body)).json()
const named = async (name: string) => (await ask('GET', `/networks/${name}`)).json()

beforeAll(async () => {
  await world.lighter(['run', '-d', '--name', 'up', image, 'sleep', '1000'])
})

test('one is made, listed, shown and removed, and the command line has it too', async () => {
  const made = await ask('POST', '/networks/create', {
    Name: 'whole',
    Internal: true,
    Attachable: true,
    EnableIPv6: true,
    IPAM: {
      Driver: 'default',
      Options: { a: 'b' },
      Config: [
        { Subnet: 'fd00:7::/64' },
        {
          Subnet: '10.77.0.0/24',
          IPRange: '10.77.0.128/25',
          Gateway: '10.77.0.9',
          AuxiliaryAddresses: { router: '10.77.0.5' },
        },
      ],
    },
    Options: { 'com.docker.network.driver.mtu': '1400' },
    Labels: { b: '1', a: '2' },
    NoSuchMember: [1],
  })
  expect(made.status).toBe(201)
  expect(made.json()).toEqual({ Id: expect.stringMatching(/^[0-9a-f]{64}$/), Warning: '' })
  const document = await named('whole')
  expect(document).toEqual({
    Name: 'whole',
    Id: made.json().Id,
    Created: expect.stringMatching(/^20.*Z$/),
    Scope: 'local',
    Driver: 'bridge',
    EnableIPv4: true,
    EnableIPv6: true,
    IPAM: {
      Driver: 'default',
      Options: { a: 'b' },
      Config: [
        { Subnet: 'fd00:7::/64' },
        {
          Subnet: '10.77.0.0/24',
          IPRange: '10.77.0.128/25',
          Gateway: '10.77.0.9',
          AuxiliaryAddresses: { router: '10.77.0.5' },
        },
      ],
    },
    Internal: true,
    Attachable: true,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: {},
    Options: { 'com.docker.network.driver.mtu': '1400' },
    Labels: { a: '2', b: '1' },
  })
  const { EnableIPv4: _, ...old } = document
  expect((await ask('GET', '/v1.47/networks/whole')).json()).toEqual(old)
  expect(JSON.parse((await world.lighter(['network', 'inspect', 'whole'])).stdout)).toEqual([old])
  const filters = encodeURIComponent('{"label":{"a=2":true},"driver":["bridge"]}')
  const listed = (await ask('GET', `/networks?filters=${filters}`)).json()
  expect(listed).toEqual([document])
  expect(await ask('DELETE', `/networks/${made.json().Id.slice(0, 12)}`)).toMatchObject({
    status: 204,
    text: '',
  })
  expect((await world.lighter(['network', 'ls', '-q', '-f', 'name=whole'])).stdout).toBe('')
})

test('what the engine has of its own', async () => {
  const { Id } = await named('bridge')
  expect((await named(Id)).Name).toBe('bridge')
  expect((await ask('GET', '/networks')).json().map(({ Name }: { Name: string }) => Name)).toEqual([
    'bridge',
    'host',
    'none',
  ])
})

describe('a container on it', () => {
  test('connected with all that there is to say, and taken off', async () => {
    await create({ Name: 'on', IPAM: { Config: [{ Subnet: '10.78.0.0/24' }] } })
    const connected = await ask('POST', '/networks/on/connect', {
      Container: 'up',
      EndpointConfig: {
        IPAMConfig: { IPv4Address: '10.78.0.50', LinkLocalIPs: ['169.254.8.8'] },
        Aliases: ['other'],
        MacAddress: '02-42-0A-4E-00-32',
        DriverOpts: { 'com.example': 'x' },
        GwPriority: 5,
      },
    })
    expect([connected.status, connected.text]).toEqual([200, ''])
    const [shown] = JSON.parse((await world.lighter(['inspect', 'up'])).stdout)
    expect(shown.NetworkSettings.Networks.on).toMatchObject({
      IPAMConfig: { IPv4Address: '10.78.0.50', LinkLocalIPs: ['169.254.8.8'] },
      Aliases: ['other'],
      MacAddress: '02:42:0a:4e:00:32',
      IPAddress: '10.78.0.50',
      DriverOpts: { 'com.example': 'x' },
      GwPriority: 5,
    })
    expect(Object.values((await named('on')).Containers)).toEqual([
      expect.objectContaining({ Name: 'up', IPv4Address: '10.78.0.50/24' }),
    ])
    expect((await ask('DELETE', '/networks/on')).status).toBe(403)
    expect((await ask('POST', '/networks/on/disconnect', { Container: 'up' })).status).toBe(200)
    expect((await named('on')).Containers).toEqual({})
    expect((await ask('DELETE', '/networks/on')).status).toBe(204)
  })

  test('with nothing to say', async () => {
    await create({ Name: 'plain' })
    const body = { Container: 'up', EndpointConfig: null }
    expect((await ask('POST', '/networks/plain/connect', body)).status).toBe(200)
    expect((await ask('POST', '/networks/plain/connect', body)).status).toBe(403)
    const off = { Container: 'up', Force: true }
    expect((await ask('POST', '/networks/plain/disconnect', off)).status).toBe(200)
  })

  test('that does not run: its connection is no event, the end of that is one', async () => {
    await create({ Name: 'idle' })
    const made = await ask('POST', '/containers/create?name=still', { Image: image })
    const body = { Container: 'still' }
    // Again is as good as once.
    for (let time = 0; time < 2; time++)
      expect((await ask('POST', '/networks/idle/connect', body)).status).toBe(200)
    const shown = (await ask('GET', '/containers/still/json')).json()
    expect(Object.keys(shown.NetworkSettings.Networks)).toContain('idle')
    expect((await named('idle')).Containers).toEqual({})
    expect((await ask('POST', '/networks/idle/disconnect', body)).status).toBe(200)
    expect(
      Object.keys((await ask('GET', '/containers/still/json')).json().NetworkSettings.Networks),
    ).toEqual(['bridge'])
    const about = `since=${Date.parse(shown.Created) / 1000 - 1}&until=${Date.now() / 1000 + 1}`
    const filters = encodeURIComponent('{"type":["network"]}')
    const { text } = await ask('GET', `/events?${about}&filters=${filters}`)
    const events = text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
      .filter(({ Actor }) => Actor.Attributes.container === made.json().Id)
    expect(events.map(({ Action }) => Action)).toEqual(['disconnect'])
    await ask('DELETE', '/containers/still')
  })
})

test('prune takes those without containers, by the filter', async () => {
  await create({ Name: 'kept', Labels: { keep: '' } })
  await create({ Name: 'gone' })
  const filters = encodeURIComponent('{"label!":["keep"]}')
  const { NetworksDeleted } = (await ask('POST', `/networks/prune?filters=${filters}`)).json()
  expect(NetworksDeleted).toContain('gone')
  expect(NetworksDeleted).not.toContain('kept')
  expect((await ask('POST', `/networks/prune?filters=${filters}`)).json()).toEqual({
    NetworksDeleted: null,
  })
})

const pool = (config: object) => ({ Name: 'x', IPAM: { Config: [config] } })

/** Statuses and sentences of Docker 26.1. */
test.each<[string, string, unknown, number, string]>([
  ['POST', 'create', { Name: '' }, 400, 'invalid name:'],
  [
    'POST',
    'create',
    { Name: 5 },
    400,
    'invalid JSON: json: cannot unmarshal number into Go struct field NetworkCreateRequest.Name of type string',
  ],
  [
    'POST',
    'create',
    { Name: 'bridge' },
    403,
    'operation is not permitted on predefined bridge network',
  ],
  ['POST', 'create', { Name: 'x', Driver: 'nosuch' }, 404, 'plugin "nosuch" not found'],
  [
    'POST',
    'create',
    { Name: 'x', Driver: 'host' },
    403,
    'only one instance of "host" network is allowed',
  ],
  [
    'POST',
    'create',
    { Name: 'x', Scope: 'swarm' },
    403,
    'cannot create a swarm scoped network when swarm is not active',
  ],
  [
    'POST',
    'create',
    { Name: 'x', ConfigOnly: true, ConfigFrom: { Network: 'z' } },
    403,
    'a configuration network cannot depend on another configuration network',
  ],
  [
    'POST',
    'create',
    pool({ Subnet: '10.9.1.1/24' }),
    400,
    'invalid network config:\ninvalid subnet 10.9.1.1/24: it should be 10.9.1.0/24',
  ],
  [
    'POST',
    'create',
    pool({ Gateway: '10.9.1.1' }),
    400,
    'invalid network config:\ninvalid subnet : invalid CIDR block notation',
  ],
  [
    'POST',
    'create',
    pool({ Subnet: '10.9.1.0/24', IPRange: '10.8.1.0/25' }),
    400,
    "invalid network config:\ninvalid ip-range 10.8.1.0/25: parent subnet 10.9.1.0/24 doesn't contain ip-range",
  ],
  [
    'POST',
    'create',
    pool({ Subnet: '10.9.1.0/24', Gateway: 'fd00::1' }),
    400,
    'invalid network config:\ninvalid gateway fd00::1: parent subnet is an IPv4 block',
  ],
  [
    'POST',
    'create',
    pool({
      Subnet: '10.9.1.0/24',
      Gateway: 'zz',
      IPRange: 'q',
      AuxiliaryAddresses: { a: '10.8.1.3' },
    }),
    400,
    "invalid network config:\n* invalid ip-range q: invalid CIDR block notation\n* invalid gateway zz: invalid address\n* invalid auxiliary address a: parent subnet 10.9.1.0/24 doesn't contain this address",
  ],
  ['POST', 'nosuch/connect', { Container: 'up' }, 404, 'network nosuch not found'],
  ['POST', 'bridge/connect', { Container: 'nosuch' }, 404, 'No such container: nosuch'],
  ['POST', 'bridge/connect', {}, 400, 'invalid name or ID supplied: ""'],
  ['POST', 'bridge/disconnect', { Container: 'no', Force: true }, 404, 'endpoint no not found'],
  ['DELETE', 'bridge', undefined, 403, 'bridge is a pre-defined network and cannot be removed'],
  ['DELETE', 'nosuch', undefined, 404, 'network nosuch not found'],
  ['GET', 'bridge?scope=swarm', undefined, 404, 'network bridge not found'],
  ['POST', 'prune?filters={"x":["y"]}', undefined, 400, "invalid filter 'x'"],
])('%s /networks/%s %j: %i', async (method, path, body, status, message) => {
  const answer = await ask(method, `/networks/${encodeURI(path)}`, body)
  expect([answer.status, answer.json()]).toEqual([status, { message }])
})

test('a name that is taken', async () => {
  await create({ Name: 'twice' })
  const answer = await ask('POST', '/networks/create', { Name: 'twice', CheckDuplicate: false })
  expect([answer.status, answer.json()]).toEqual([
    409,
    { message: 'network with name twice already exists' },
  ])
})
