import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { INIT } from '../helpers/init.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const image = 'lighter/hello'
let world: World

beforeAll(() => {
  world = makeWorld('network-addresses')
})
afterAll(() => world.remove())

async function said(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await world.lighter(args)
  expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: '' })
  return stdout.trim()
}

describe('the range of the uplink', () => {
  // Names of containers on the default network went to the network that had the uplink's own addresses.
  test.each([
    ['--subnet', '10.0.2.0/24'],
    ['--subnet', '10.0.2.128/25'],
    ['--subnet', '10.0.0.0/16', '--ip-range', '10.0.2.0/25'],
    ['--subnet', '10.0.0.0/16', '--gateway', '10.0.2.9'],
  ])('is no network’s: %s %s %s %s', async (...flags) => {
    const { exitCode, stderr } = await world.lighter(['network', 'create', ...flags, 'refused'])
    expect(exitCode).toBe(1)
    expect(stderr).toContain('10.0.2.0/24 is where containers reach the outside')
    expect(await said('network', 'ls', '-q', '-f', 'name=refused')).toBe('')
  })

  test('is left out by one that has it among others', async () => {
    await said('network', 'create', '--subnet', '10.0.0.0/16', '--ip-range', '10.0.0.0/22', 'wide')
    const wish = ['run', '--rm', '--network', 'wide', '--ip', '10.0.2.7', image, 'true']
    const { exitCode, stderr } = await world.lighter(wish)
    expect(exitCode).toBe(125)
    expect(stderr).toContain('10.0.2.7 is an address of 10.0.2.0/24')
  })
})

test('a network without free addresses is named with its id', async () => {
  const id = await said('network', 'create', '--subnet', '10.88.0.0/30', 'small')
  await said('run', '-d', ...INIT, '--name', 's1', '--network', 'small', image, 'sleep', '1000')
  const run = await world.lighter(['run', '--name', 's2', '--network', 'small', image, 'true'])
  const sentence = `no available IPv4 addresses on this network's address pools: small (${id})`
  expect(run).toMatchObject({
    exitCode: 125,
    stderr: `lighter: Error response from daemon: ${sentence}.\n`,
  })
  const state = '{{.State.Status}} {{.State.ExitCode}} {{.State.Error}}'
  expect(await said('inspect', '-f', state, 's2')).toBe(`created 128 ${sentence}`)
})

describe('the MTU of a network', () => {
  const create = (mtu: string, name: string) =>
    world.lighter(['network', 'create', '-o', `com.docker.network.driver.mtu=${mtu}`, name])

  test('is no negative number', async () => {
    expect((await create('-1', 'm1')).stderr).toBe(
      'Error response from daemon: invalid MTU number: -1\n',
    )
    expect((await create('1.5', 'm1')).stderr).toContain('strconv.Atoi: parsing "1.5"')
    expect((await create('67', 'm1')).stderr).toContain('invalid MTU: 67')
  })

  test('is the usual one where it is zero', async () => {
    expect(await create('0', 'm0')).toMatchObject({ exitCode: 0 })
    const look = ['cat', '/sys/class/net/eth0/mtu']
    const usual = await said('run', '--rm', image, ...look)
    expect(await said('run', '--rm', '--network', 'm0', image, ...look)).toBe(usual)
  })
})

test.each(['01:00:5e:00:00:01', 'ff:ff:ff:ff:ff:ff', '00:00:00:00:00:00'])(
  'no interface has the mac address %s',
  async (mac) => {
    const { exitCode, stderr } = await world.lighter(['run', '--mac-address', mac, image, 'true'])
    expect(exitCode).toBe(125)
    expect(stderr).toContain(`${mac} is not the mac address of one interface`)
  },
)

test('who switches IPv6 off has no address of it', async () => {
  await said('network', 'create', '--ipv6', '--subnet', 'fd00:2::/64', 'six')
  const run = ['run', '--rm', '--network', 'six']
  const look = [image, 'cat', '/proc/net/if_inet6']
  expect(await said(...run, ...look)).toContain('fd000002')
  const off = ['--sysctl', 'net.ipv6.conf.all.disable_ipv6=1']
  expect(await said(...run, ...off, ...look)).toBe('')
  await said('run', '-d', ...INIT, '--name', 'off', ...off, image, 'sleep', '1000')
  await said('network', 'connect', 'six', 'off')
  expect(await said('exec', 'off', 'cat', '/proc/net/if_inet6')).toBe('')
})
