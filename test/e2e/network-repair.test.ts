import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { INIT } from '../helpers/init.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const image = 'lighter/hello'
let world: World

beforeAll(async () => {
  world = makeWorld('network-repair')
  for (const name of ['one', 'two']) await said('network', 'create', name)
  await said('run', '-d', ...INIT, '--name', 'web', '--network', 'two', image, 'sleep', '1000')
})
afterAll(() => world.remove())

async function said(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await world.lighter(args)
  expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: '' })
  return stdout.trim()
}

async function refused(...args: string[]): Promise<string> {
  const { exitCode, stderr } = await world.lighter(args)
  expect({ args, exitCode }).toEqual({ args, exitCode: 1 })
  return stderr
}

const networksOf = (container: string): Promise<string> =>
  said(
    'inspect',
    '-f',
    '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}',
    container,
  )

/** A container that sleeps; not started. */
async function made(name: string, ...flags: string[]): Promise<void> {
  await said('create', ...INIT, '--name', name, ...flags, image, 'sleep', '1000')
}

describe('network connect --link', () => {
  beforeAll(async () => {
    await made('asks', '--network', 'one')
    await said('start', 'asks')
  })

  // The name was known after a restart only.
  test('names another container at once, after a restart, and until the network is left', async () => {
    const ping = ['exec', 'asks', 'ping', '-c', '1']
    await said('network', 'connect', '--link', 'web:store', 'two', 'asks')
    expect(await said(...ping, 'store')).toContain('1 packets received')
    expect(await said(...ping, 'store.two')).toContain('1 packets received')
    await said('restart', '-t', '0', 'asks')
    expect(await said(...ping, 'store')).toContain('1 packets received')
    await said('network', 'disconnect', 'two', 'asks')
    expect(await refused(...ping, 'store')).toContain("bad address 'store'")
  })

  test('on the default network it is a line of /etc/hosts, at once', async () => {
    await made('plain')
    await said('start', 'plain')
    await said('network', 'connect', '--link', 'plain:p', 'bridge', 'asks')
    expect(await said('exec', 'asks', 'ping', '-c', '1', 'p')).toContain('1 packets received')
    await said('network', 'disconnect', 'bridge', 'asks')
    expect(await said('exec', 'asks', 'cat', '/etc/hosts')).not.toMatch(/\tp /)
  })

  test('a container that is not there keeps nobody from starting', async () => {
    await said('network', 'connect', '--link', 'nosuch:x', 'two', 'asks')
    expect(await said('restart', '-t', '0', 'asks')).toBe('asks')
    await said('network', 'disconnect', 'two', 'asks')
  })

  test('a running container that is not on the default network has no address there', async () => {
    const { exitCode, stderr } = await world.lighter(['run', '--rm', '--link', 'web:w', image])
    expect(exitCode).toBe(125)
    expect(stderr).toContain('Cannot link to /web, as it does not belong to the default network.')
  })

  test('a link of three parts is refused', async () => {
    const { exitCode, stderr } = await world.lighter([
      'network',
      'connect',
      '--link',
      'a:b:c',
      'two',
      'asks',
    ])
    expect(exitCode).toBe(125)
    expect(stderr).toContain(
      'invalid argument "a:b:c" for "--link" flag: bad format for links: a:b:c',
    )
  })
})

describe('a container whose network is gone', () => {
  test('starts once it is taken off it and put on another', async () => {
    await said('network', 'create', 'lost')
    await made('c1', '--network', 'lost')
    await said('network', 'rm', 'lost')
    expect(await refused('start', 'c1')).toMatch(/network \S+ not found/)
    await said('network', 'disconnect', '-f', 'lost', 'c1')
    expect(await networksOf('c1')).toBe('')
    expect(await refused('start', 'c1')).toContain(
      'could not find a network matching network mode lost: network lost not found',
    )
    await said('network', 'connect', 'two', 'c1')
    await said('start', 'c1')
    expect(await networksOf('c1')).toBe('two')
    expect(await said('exec', 'c1', 'ping', '-c', '1', 'web')).toContain('1 packets received')
  })

  test('is on the one of the same name that is made anew', async () => {
    await said('network', 'create', 'lost')
    await made('c2', '--network', 'lost')
    await said('network', 'rm', 'lost')
    const id = await said('network', 'create', 'lost')
    await said('start', 'c2')
    expect(await said('inspect', '-f', '{{.NetworkSettings.Networks.lost.NetworkID}}', 'c2')).toBe(
      id,
    )
    await said('network', 'disconnect', 'lost', 'c2')
    await said('network', 'connect', 'lost', 'c2')
  })

  test('can leave it while it runs, when its record was removed by hand', async () => {
    const id = await said('network', 'create', 'torn')
    await made('c3', '--network', 'torn')
    await said('start', 'c3')
    await said('network', 'connect', 'two', 'c3')
    rmSync(join(world.data, 'networks', id), { recursive: true })
    expect(await refused('network', 'disconnect', 'torn', 'c3')).toContain('network torn not found')
    await said('network', 'disconnect', '-f', 'torn', 'c3')
    expect(await networksOf('c3')).toBe('two')
    expect(await said('exec', 'c3', 'ls', '/sys/class/net')).not.toContain('eth0')
    expect(await said('exec', 'c3', 'ping', '-c', '1', 'web')).toContain('1 packets received')
    await said('restart', '-t', '0', 'c3')
  })
})

describe('who was taken off its last network', () => {
  test('has none in its document, and that of its mode after the next start', async () => {
    await made('c4')
    await said('start', 'c4')
    await said('network', 'disconnect', 'bridge', 'c4')
    expect(await said('inspect', '-f', '{{json .NetworkSettings.Networks}}', 'c4')).toBe('{}')
    await said('restart', '-t', '0', 'c4')
    expect(await networksOf('c4')).toBe('bridge')
  })

  test('can be put on none, and then on no other', async () => {
    await said('network', 'disconnect', 'bridge', 'c4')
    await said('network', 'connect', 'none', 'c4')
    await said('restart', '-t', '0', 'c4')
    expect(await networksOf('c4')).toBe('none')
    expect(await said('exec', 'c4', 'ls', '/sys/class/net')).toBe('lo')
    expect(await refused('network', 'connect', 'two', 'c4')).toContain(
      'container cannot be connected to multiple networks with one of the networks in private (none) mode',
    )
  })

  test('and began with none can be put on another', async () => {
    await made('c5', '--network', 'none')
    await said('start', 'c5')
    await said('network', 'disconnect', 'none', 'c5')
    expect(await refused('network', 'connect', 'two', 'c5')).toContain(
      'was started without networks: stop it before one is connected',
    )
    await said('stop', '-t', '0', 'c5')
    await said('network', 'connect', 'two', 'c5')
    await said('start', 'c5')
    expect(await said('exec', 'c5', 'ping', '-c', '1', 'web')).toContain('1 packets received')
  })
})

// The record as it was before the change is what a command killed after the change leaves.
describe('a change whose command was killed before it was on record', () => {
  const record = async () =>
    join(world.data, 'containers', await said('inspect', '-f', '{{.Id}}', 'torn'), 'container.json')
  const linksOf = async () =>
    (await said('exec', 'torn', 'ls', '/sys/class/net'))
      .split(/\s+/)
      .filter((link) => link !== 'lo')
  const killed = async (...args: string[]) => {
    const path = await record()
    const before = readFileSync(path)
    await said('network', ...args)
    writeFileSync(path, before)
  }

  beforeAll(async () => {
    await made('torn', '--network', 'one')
    await said('start', 'torn')
  })

  test('connect: the network is in use, and connecting again leaves one link', async () => {
    await said('network', 'create', 'three')
    await killed('connect', 'three', 'torn')
    expect(await networksOf('torn')).toBe('one')
    expect(await linksOf()).toHaveLength(2)
    expect(await refused('network', 'rm', 'three')).toContain('has active endpoints')
    await said('network', 'connect', 'three', 'torn')
    expect(await networksOf('torn')).toBe('one three')
    expect(await linksOf()).toHaveLength(2)
    await said('network', 'disconnect', 'three', 'torn')
    expect(await linksOf()).toHaveLength(1)
  })

  test('connect: disconnecting takes the link away', async () => {
    await killed('connect', 'two', 'torn')
    await said('network', 'disconnect', 'two', 'torn')
    expect(await linksOf()).toHaveLength(1)
    expect(await refused('network', 'disconnect', 'two', 'torn')).toContain('is not connected')
  })

  test('disconnect: disconnecting again is done, and the container can be connected', async () => {
    await said('network', 'connect', 'two', 'torn')
    await killed('disconnect', 'two', 'torn')
    expect(await linksOf()).toHaveLength(1)
    await said('network', 'disconnect', 'two', 'torn')
    expect(await networksOf('torn')).toBe('one')
    await said('network', 'connect', 'two', 'torn')
    expect(await linksOf()).toHaveLength(2)
    expect(await said('exec', 'torn', 'ping', '-c', '1', 'web')).toContain('1 packets received')
  })
})

describe('network disconnect of what is not there', () => {
  test.each([
    [['two', 'c1-nosuch'], 'No such container: c1-nosuch'],
    [['nosuch', 'c1-nosuch'], 'No such container: c1-nosuch'],
    [['-f', 'two', 'c1-nosuch'], 'endpoint c1-nosuch not found'],
    [['-f', 'nosuch', 'c1-nosuch'], 'network nosuch not found'],
    [['nosuch', 'web'], 'network nosuch not found'],
    [['one', 'web'], 'is not connected to network one'],
  ])('%j', async (args, sentence) => {
    expect(await refused('network', 'disconnect', ...args)).toContain(sentence)
  })

  test('from a container that does not run', async () => {
    await made('c6')
    for (const args of [['nosuch'], ['-f', 'nosuch'], ['two']]) {
      expect(await refused('network', 'disconnect', ...args, 'c6')).toContain(
        `is not connected to the network ${args.at(-1)}`,
      )
    }
  })
})
