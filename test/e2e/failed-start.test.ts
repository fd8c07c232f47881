import { rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { INIT } from '../helpers/init.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const image = 'lighter/hello'
let world: World

beforeAll(() => {
  world = makeWorld('failed-start')
})
afterAll(() => world.remove())

async function said(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await world.lighter(args)
  expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: '' })
  return stdout.trim()
}

const stateOf = (container: string): Promise<string> =>
  said('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}} {{.State.Error}}', container)

// What was found before there was a monitor left no trace, and the exit codes were others than Docker's.
test('a missing device is recorded, and ends run with 127', async () => {
  const sentence =
    'error gathering device information while adding custom device "/dev/nosuch": no such file or directory'
  const run = await world.lighter(['run', '--name', 'd1', '--device', '/dev/nosuch', image, 'true'])
  expect(run).toMatchObject({
    exitCode: 127,
    stderr: `lighter: Error response from daemon: ${sentence}.\n`,
  })
  expect(await stateOf('d1')).toBe(`created 128 ${sentence}`)
  const start = await world.lighter(['start', 'd1'])
  expect(start).toMatchObject({
    exitCode: 1,
    stderr: `Error response from daemon: ${sentence}\nError: failed to start containers: d1\n`,
  })
})

test('a throwaway leaves nothing', async () => {
  const flags = ['--rm', '--name', 'd2', '--device', '/etc/passwd']
  const { exitCode, stderr } = await world.lighter(['run', ...flags, image, 'true'])
  expect(exitCode).toBe(125)
  expect(stderr).toContain('not a device node')
  expect(await said('ps', '-aq', '--filter', 'name=d2')).toBe('')
})

test('a missing part of a volume: 127, and who has run before has ended before', async () => {
  await said('volume', 'create', 'parts')
  await said('run', '--rm', '-v', 'parts:/v', image, 'mkdir', '/v/sub')
  const mount = 'type=volume,src=parts,dst=/v,volume-subpath=sub'
  await said('run', '--name', 'v1', '--mount', mount, image, 'true')
  const path = join(world.data, 'volumes/parts/_data/sub')
  rmdirSync(path)
  const sentence = `cannot access path ${path}: lstat ${path}: no such file or directory`
  const start = await world.lighter(['start', 'v1'])
  expect(start.stderr).toContain(`Error response from daemon: ${sentence}\n`)
  expect(await stateOf('v1')).toBe(`exited 128 ${sentence}`)
  const run = await world.lighter(['run', '--name', 'v2', '--mount', mount, image, 'true'])
  expect(run).toMatchObject({
    exitCode: 127,
    stderr: `lighter: Error response from daemon: ${sentence}.\n`,
  })
  expect(await stateOf('v2')).toBe(`created 128 ${sentence}`)
})

describe('--network container:X', () => {
  const run = (name: string, other: string, ...command: string[]) =>
    world.lighter(['run', '--name', name, '--network', `container:${other}`, image, ...command])

  test('of one that does not run, of one that is not there, of itself', async () => {
    await said('create', '--name', 'idle', image, 'true')
    const id = await said('inspect', '-f', '{{.Id}}', 'idle')
    const cases = [
      ['n1', 'idle', `cannot join network of a non running container: ${id}`],
      ['n2', 'nosuch', 'No such container: nosuch'],
      ['n3', 'n3', 'cannot join own network'],
    ] as const
    for (const [name, other, sentence] of cases) {
      expect(await run(name, other, 'true')).toMatchObject({
        exitCode: 125,
        stderr: `lighter: Error response from daemon: ${sentence}.\n`,
      })
      expect(await stateOf(name)).toBe(`created 128 ${sentence}`)
    }
  })

  // "cannot join the network namespace: Operation not permitted"
  test('of one with the host’s network, also by way of another', async () => {
    const own = (await world.run('readlink', ['/proc/self/ns/net'])).stdout
    const sleep = [...INIT, image, 'sleep', '1000']
    await said('run', '-d', '--name', 'hosted', '--network', 'host', ...sleep)
    await said('run', '-d', '--name', 'second', '--network', 'container:hosted', ...sleep)
    const namespace = ['readlink', '/proc/self/ns/net']
    for (const [name, other] of [
      ['h1', 'hosted'],
      ['h2', 'second'],
    ] as const)
      expect(await run(name, other, ...namespace)).toMatchObject({ exitCode: 0, stdout: own })
    expect((await world.lighter(['exec', 'second', ...namespace])).stdout).toBe(own)
    const shared = ['--network', 'container:hosted', '--pid', 'container:hosted']
    expect(await said('run', ...shared, image, ...namespace)).toBe(own.trim())
    const hostname = await said('exec', 'hosted', 'hostname')
    expect(await said('exec', 'second', 'hostname')).toBe(hostname)
    const sysctl = ['--sysctl', 'net.ipv4.ip_forward=1', '--network', 'container:hosted']
    expect((await world.lighter(['run', ...sysctl, image, 'true'])).stderr).toContain(
      'sysctl "net.ipv4.ip_forward" not allowed in host network namespace',
    )
  })

  test('of one without a network', async () => {
    await said('run', '-d', '--name', 'alone', '--network', 'none', ...INIT, image, 'sleep', '99')
    expect(await run('a1', 'alone', 'ls', '/sys/class/net')).toMatchObject({
      exitCode: 0,
      stdout: 'lo\n',
    })
  })
})
