import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox:latest`

let world: World

/** What a command says that must succeed. */
async function said(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await world.lighter(args)
  expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: '' })
  return stdout.trim()
}

const wayOut = async (container: string, family = '-4') =>
  /via (\S+)/.exec(await said('exec', container, 'ip', family, 'route', 'show', 'default'))?.[1]

beforeAll(async () => {
  world = makeWorld('networks')
  await said('pull', '-q', image)
  await said('network', 'create', '--subnet', '10.61.0.0/24', 'alpha')
  await said('network', 'create', '--subnet', '10.62.0.0/24', 'beta')
  const six = ['--ipv6', '--subnet', '10.63.0.0/24', '--subnet', 'fd00:63::/64']
  await said('network', 'create', ...six, 'gamma')
  await said('network', 'create', '--internal', '--subnet', '10.64.0.0/24', 'inner')
})
afterAll(() => world.remove())

test('the way out has an MTU of its own, never more than that of the network', async () => {
  const ways = async (network: string) => {
    const id = await said('run', '-d', '--network', network, image, 'sleep', '1000')
    const pid = await said('inspect', '-f', '{{.State.Pid}}', id)
    const show = (family: string) =>
      execFileSync('nsenter', ['-t', pid, '-n', 'ip', family, 'route', 'show', 'default'], {
        encoding: 'utf8',
      })
    const texts = { id, four: show('-4'), six: show('-6') }
    return { ...texts, again: () => show('-4') }
  }
  const { id, four, six, again } = await ways('gamma')
  expect(four).toContain(' mtu 32800')
  // It would fragment large datagrams, which was not tried with IPv6.
  expect(six).toContain('via fd00:63::1 ')
  expect(six).not.toContain('mtu')
  await said('network', 'connect', '--gw-priority', '5', 'alpha', id)
  expect(again()).toMatch(/via 10\.61\.0\.1 .*mtu 32800/)
  await said('network', 'disconnect', 'alpha', id)
  expect(again()).toMatch(/via 10\.63\.0\.1 .*mtu 32800/)
  await said('network', 'create', '-o', 'com.docker.network.driver.mtu=1500', 'small')
  const small = await ways('small')
  expect(small.four).toContain('via ')
  expect(small.four).not.toContain('mtu')
  await said('rm', '-f', id, small.id)
})

describe('--gw-priority', () => {
  const start = (name: string, ...networks: string[]) =>
    said(
      ...['run', '-d', '--name', name, ...networks.flatMap((network) => ['--network', network])],
      ...[image, 'sleep', '1000'],
    )
  const priorityOn = (container: string, network: string) =>
    said('inspect', '-f', `{{.NetworkSettings.Networks.${network}.GwPriority}}`, container)

  test('the network with the highest has the default route, whatever its name', async () => {
    await start('p1', 'alpha', 'name=beta,gw-priority=1', 'name=inner,gw-priority=9')
    expect(await wayOut('p1')).toBe('10.62.0.1')
    expect(await priorityOn('p1', 'beta')).toBe('1')
    expect(await priorityOn('p1', 'alpha')).toBe('0')
    await start('p2', 'name=alpha,gw-priority=-1', 'beta')
    expect(await wayOut('p2')).toBe('10.62.0.1')
    expect(await priorityOn('p2', 'alpha')).toBe('-1')
  })

  test('connect and disconnect move it, and the container is reached by it', async () => {
    await start('p3', 'alpha', 'beta')
    expect(await wayOut('p3')).toBe('10.61.0.1')
    await said('network', 'connect', '--gw-priority', '5', 'gamma', 'p3')
    expect(await wayOut('p3')).toBe('10.63.0.1')
    expect(await wayOut('p3', '-6')).toBe('fd00:63::1')
    await said('restart', '-t', '0', 'p3')
    expect(await wayOut('p3')).toBe('10.63.0.1')
    await said('network', 'disconnect', 'gamma', 'p3')
    expect(await wayOut('p3')).toBe('10.61.0.1')
    await said('network', 'connect', '--gw-priority', '-5', 'gamma', 'p3')
    expect(await wayOut('p3')).toBe('10.61.0.1')
    await said('network', 'disconnect', 'alpha', 'p3')
    await said('network', 'disconnect', 'beta', 'p3')
    expect(await wayOut('p3')).toBe('10.63.0.1')
    expect(await wayOut('p3', '-6')).toBe('fd00:63::1')
  })

  test('what is no number is refused', async () => {
    const { exitCode, stderr } = await world.lighter([
      ...['run', '--rm', '--network', 'name=alpha,gw-priority=high', image, 'true'],
    ])
    expect(exitCode).toBe(125)
    expect(stderr).toContain('invalid gw-priority (high): invalid syntax')
  })
})

describe('--link-local-ip', () => {
  test('of IPv6 needs a network with it', async () => {
    const run = (network: string) =>
      world.lighter([
        ...['run', '--rm', '--network', network, '--link-local-ip', 'fe80::77', image],
        ...['ip', '-6', 'addr', 'show', 'eth0'],
      ])
    expect((await run('gamma')).stdout).toContain('fe80::77/64')
    const refused = await run('alpha')
    expect(refused.exitCode).not.toBe(0)
    expect(refused.stderr).toContain('link local IPs to [fe80::77/64]: permission denied')
  })

  test('is none of another range', async () => {
    const { exitCode, stderr } = await world.lighter([
      ...['run', '--rm', '--network', 'alpha', '--link-local-ip', '10.1.1.1', image, 'true'],
    ])
    expect(exitCode).toBe(125)
    expect(stderr).toContain('invalid link local IP address: 10.1.1.1')
  })
})

test('TCP is governed by reno, whatever the host has chosen, or by what the user says', async () => {
  const governor = (...flags: string[]) =>
    said('run', '--rm', ...flags, image, 'cat', '/proc/sys/net/ipv4/tcp_congestion_control')
  const own = readFileSync('/proc/sys/net/ipv4/tcp_congestion_control', 'utf8').trim()
  expect(await governor()).toBe('reno')
  expect(await governor('--network', 'alpha')).toBe('reno')
  expect(await governor('--network', 'host')).toBe(own)
  const wish = ['--sysctl', `net.ipv4.tcp_congestion_control=${own}`]
  expect(await governor(...wish)).toBe(own)
})

test('the filter dangling takes one of four words', async () => {
  const list = (...values: string[]) =>
    world.lighter([
      'network',
      'ls',
      '-q',
      ...values.flatMap((value) => ['-f', `dangling=${value}`]),
    ])
  for (const value of ['1', 'true', '0', 'false']) expect((await list(value)).exitCode).toBe(0)
  expect((await list('TRUE')).stderr).toContain(
    'invalid value for filter \'dangling\', must be "true" (or "1"), or "false" (or "0")',
  )
  expect((await list('1', '1')).stderr).toContain(
    'got more than one value for filter key "dangling"',
  )
})

test('the key of the sandbox leads into its network namespace', async () => {
  await said('run', '-d', '--name', 's1', '--network', 'alpha', image, 'sleep', '1000')
  const key = await said('inspect', '-f', '{{.NetworkSettings.SandboxKey}}', 's1')
  const inside = await said('exec', 's1', 'readlink', '/proc/self/ns/net')
  expect((await world.run('readlink', [key])).stdout.trim()).toBe(inside)
})

// It hung for more than a minute: the kernel trusted the neighbour, then asked for it, then waited for its answers.
test.each(['alpha', 'gamma'])(
  'a connection to a container of %s that is gone fails soon',
  async (network) => {
    const path = `{{with .NetworkSettings.Networks.${network}}}{{.IPAddress}} [{{.GlobalIPv6Address}}]{{end}}`
    const serve = [image, 'sh', '-c', 'echo hello >/tmp/index.html; exec httpd -f -h /tmp']
    await said('run', '-d', '--name', 'gone', '--network', network, ...serve)
    await said('run', '-d', '--name', 'asks', '--network', network, image, 'sleep', '1000')
    const hosts = (await said('inspect', '-f', path, 'gone'))
      .split(' ')
      .filter((host) => host !== '[]')
    for (const host of hosts)
      expect(await said('exec', 'asks', 'wget', '-qO-', `http://${host}/`)).toBe('hello')
    await said('rm', '-f', 'gone')
    for (const host of hosts) {
      const begun = performance.now()
      const { stderr } = await world.lighter(['exec', 'asks', 'wget', '-qO-', `http://${host}/`])
      expect({ host, stderr }).toEqual({
        host,
        stderr: expect.stringContaining('No route to host'),
      })
      expect(performance.now() - begun).toBeLessThan(20_000)
    }
    await said('rm', '-f', 'asks')
  },
)
