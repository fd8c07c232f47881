import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { INIT } from '../helpers/init.ts'
import { processesOf } from '../helpers/leftovers.ts'
import { startService } from '../helpers/service.ts'
import { until, untilDead } from '../helpers/until.ts'
import { makeWorld, testUser, type World } from '../helpers/world.ts'

/**
 * Containers that share the processes of the host, or of another container. No end of a pid namespace takes what they
 * have started, and without a cgroup nothing else did: it ran on after `rm -f`.
 */

const image = 'lighter/hello'
let world: World
let last = 40_000

beforeAll(() => {
  world = makeWorld('host-processes')
})
afterAll(() => world.remove())

async function said(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await world.lighter(args)
  expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: '' })
  return stdout.trim()
}

/** A command by whose seconds its process is found. */
const marked = (): string => `sleep ${++last}`

/** The processes of a marked command, on the host. */
const pidsOf = (command: string): number[] =>
  processesOf(testUser())
    .filter((line) => line.endsWith(` ${command}`) && /^\d+ (\S*\/)?sleep/.test(line))
    .map((line) => Number.parseInt(line, 10))

async function running(command: string): Promise<number> {
  await until(() => pidsOf(command).length > 0, command)
  return pidsOf(command)[0] ?? 0
}

const hosted = (name: string, ...rest: string[]) =>
  said('run', '-d', '--name', name, '--pid', 'host', ...rest)

describe('--pid host: the end of a container is that of all its processes', () => {
  test('init’s child, by rm -f', async () => {
    const child = marked()
    await hosted('inited', ...INIT, image, ...child.split(' '))
    await running(child)
    await said('rm', '-f', 'inited')
    expect(pidsOf(child)).toEqual([])
  })

  test('init’s child, by the API', async () => {
    const child = marked()
    await hosted('served', ...INIT, image, ...child.split(' '))
    await running(child)
    const service = await startService(world)
    try {
      const { status } = await service.ask('DELETE', '/containers/served?force=1')
      expect(status).toBe(204)
    } finally {
      await service.stop()
    }
    expect(pidsOf(child)).toEqual([])
  })

  test('what a command leaves behind, also in a session of its own', async () => {
    const [child, daemon] = [marked(), marked()]
    const script = `${child} & setsid setsid ${daemon} & echo $!; while ! pidof setsid sleep; do :; done; exit 3`
    const run = await world.lighter(['run', '--rm', '--pid', 'host', image, 'sh', '-c', script])
    expect(run).toMatchObject({ exitCode: 3, stderr: '' })
    expect([...pidsOf(child), ...pidsOf(daemon)]).toEqual([])
  })

  test('what exec has started', async () => {
    const [first, attached, detached] = [marked(), marked(), marked()]
    await hosted('entered', image, ...first.split(' '))
    const exec = world.lighter(['exec', 'entered', ...attached.split(' ')])
    await said('exec', '-d', 'entered', ...detached.split(' '))
    await running(attached)
    await running(detached)
    await said('kill', 'entered')
    expect((await exec).exitCode).toBe(137)
    await said('wait', 'entered')
    expect(pidsOf(detached)).toEqual([])
  })

  test('what has mounts of its own', async () => {
    const child = marked()
    const script = `unshare -m ${child} & wait`
    await hosted('mounts', '--privileged', image, 'sh', '-c', script)
    await running(child)
    await said('rm', '-f', 'mounts')
    expect(pidsOf(child)).toEqual([])
  })

  test('that of a run which is followed by another', async () => {
    const child = marked()
    const script = `if mkdir /first; then ${child} & sleep 1; exit 1; fi; exec sleep 1000`
    await hosted('again', '--restart', 'on-failure', image, 'sh', '-c', script)
    const pid = await running(child)
    // It is counted before it runs.
    const state = () => said('inspect', '-f', '{{.RestartCount}} {{.State.Status}}', 'again')
    await until(async () => (await state()) === '1 running')
    await untilDead(pid)
    expect(await state()).toBe('1 running')
    await said('rm', '-f', 'again')
  })
})

test('--pid container:X: X and the other who shares its processes run on', async () => {
  const [first, child, other] = [marked(), marked(), marked()]
  await said('run', '-d', '--name', 'shared', image, ...first.split(' '))
  const joined = ['run', '-d', '--pid', 'container:shared']
  await said(...joined, '--name', 'y1', image, 'sh', '-c', `${child} & wait`)
  await said(...joined, '--name', 'z1', image, 'sh', '-c', `${other} & wait`)
  await running(child)
  await running(other)
  await said('rm', '-f', 'y1')
  expect(pidsOf(child)).toEqual([])
  expect([pidsOf(first).length, pidsOf(other).length]).toEqual([1, 1])
  await said('rm', '-f', 'z1', 'shared')
  expect([...pidsOf(first), ...pidsOf(other)]).toEqual([])
})

// The first container of a network starts what serves all of them: it is the parent of those programs.
test('neighbours, and what serves them, outlive the container that started it', async () => {
  const [first, second] = [marked(), marked()]
  await said('network', 'create', 'lan')
  await hosted('one', '--network', 'lan', ...INIT, image, ...first.split(' '))
  await hosted('two', '--network', 'lan', ...INIT, image, ...second.split(' '))
  await running(first)
  await running(second)
  const servers = () =>
    processesOf(testUser()).filter((line) =>
      /lighter-native (names|ports)|slirp4netns|pasta/.test(line),
    )
  const before = servers()
  expect(before).not.toEqual([])
  await said('rm', '-f', 'one')
  expect([pidsOf(first).length, pidsOf(second).length]).toEqual([0, 1])
  expect(servers()).toEqual(before)
  expect(await said('exec', 'two', 'nslookup', 'two')).toContain('Address')
  await said('rm', '-f', 'two')
  await said('network', 'rm', 'lan')
})
