import { readdirSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { base, build, writeContext } from '../helpers/builds.ts'
import { type Gate, startGate } from '../helpers/gate.ts'
import { makeWorld, type World } from '../helpers/world.ts'

let world: World
let gate: Gate

beforeAll(async () => {
  world = makeWorld('build-network')
  expect(await world.lighter(['pull', '-q', base()])).toMatchObject({ exitCode: 0 })
})
afterAll(() => world.remove())
beforeEach(async () => {
  gate = await startGate('0.0.0.0')
  gate.open('came')
})
afterEach(() => gate.stop())

/** What a step says, with flags of the build. */
async function said(step: string, ...flags: string[]): Promise<string> {
  const directory = writeContext(world, { Dockerfile: `FROM BASE\n${step}\n` })
  const outcome = await build(world, directory, ['--no-cache', ...flags])
  expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
  const lines = [...outcome.stderr.matchAll(/^#\d+ \d+\.\d+ (.*)$/gm)]
  return lines.map(([, line = '']) => line).join('\n')
}

const LOCAL = '127.0.0.1\tlocalhost buildkitsandbox\n::1\tlocalhost ip6-localhost ip6-loopback\n'

describe('--add-host', () => {
  test.each<[string[], string]>([
    [['a:1.2.3.4'], '1.2.3.4\ta'],
    [['a=1.2.3.4'], '1.2.3.4\ta'],
    [['a:::1'], '::1\ta'],
    [['a=::1'], '::1\ta'],
    [['a:[::1]'], '::1\ta'],
    [['a=[::1]'], '::1\ta'],
    [['a:1.2.3.4', 'a:1.2.3.5'], '1.2.3.4\ta\n1.2.3.5\ta'],
    [['a=1.2.3.4,b=1.2.3.5'], '1.2.3.4\ta\n1.2.3.5\tb'],
  ])('%j', async (hosts, lines) => {
    const flags = hosts.flatMap((host) => ['--add-host', host])
    expect(await said('RUN cat /etc/hosts', ...flags)).toBe(`${LOCAL}${lines}`)
  })

  test.each(['a', 'a:', ':1.2.3.4', 'a:b'])('%s is refused', async (host) => {
    const directory = writeContext(world, { Dockerfile: 'FROM BASE\n' })
    const outcome = await build(world, directory, ['--add-host', host])
    expect(outcome).toEqual({ exitCode: 1, stdout: '', stderr: `ERROR: invalid host ${host}\n` })
  })

  test.each(['default', 'host'])(
    'host-gateway leads to the host, on network %s',
    async (network) => {
      const { port } = new URL(gate.url)
      // Names are not looked up by a busybox that is linked statically.
      const step = `RUN wget -q -O - http://$(awk '/gate/ { print $1 }' /etc/hosts):${port}/came && cat /etc/hosts`
      const flags = ['--add-host', 'gate:host-gateway', '--network', network]
      expect(await said(step, ...flags)).toMatch(/\n[0-9.]+\tgate$/)
      expect(gate.came).toEqual(['came'])
    },
  )

  test('is no part of the image', async () => {
    expect(await said('RUN grep -q x-host /etc/hosts', '--add-host', 'x-host:1.2.3.4')).toBe('')
    const directory = writeContext(world, { Dockerfile: 'FROM BASE\nRUN true\n' })
    const flags = ['--add-host', 'x-host:1.2.3.4', '-t', 'hosts']
    expect(await build(world, directory, flags)).toMatchObject({ exitCode: 0 })
    const run = ['run', '--rm', '--network', 'none', 'hosts', 'grep', '-c', 'x-host', '/etc/hosts']
    expect((await world.lighter(run)).stdout).toBe('0\n')
  })
})

describe('--network', () => {
  const INTERFACES = 'RUN ls /sys/class/net | sort | xargs'

  test.each([
    ['default', 'eth0 lo'],
    ['none', 'lo'],
  ])('%s', async (network, interfaces) => {
    expect(await said(INTERFACES, '--network', network)).toBe(interfaces)
  })

  test('host: what the host has', async () => {
    const own = readdirSync('/sys/class/net').sort().join(' ')
    expect(
      await said(
        'RUN tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d " " | sort | xargs',
        '--network',
        'host',
      ),
    ).toBe(own)
    const local = `RUN wget -q -O - http://127.0.0.1:${new URL(gate.url).port}/came`
    await said(local, '--network', 'host')
    expect(gate.came).toEqual(['came'])
  })

  test('of a step counts more than that of the build', async () => {
    const none = INTERFACES.replace('RUN', 'RUN --network=none')
    expect(await said(none, '--network', 'host')).toBe('lo')
  })

  test.each(['nosuch', 'bridge', 'container:x'])('%s is refused', async (network) => {
    const directory = writeContext(world, { Dockerfile: 'FROM BASE\n' })
    const outcome = await build(world, directory, ['--network', network])
    expect(outcome).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `ERROR: network mode "${network}" not supported by buildkit - you can define a custom network for your builder using the network driver-opt in buildx create\n`,
    })
  })
})
