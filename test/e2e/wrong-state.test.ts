import { chmodSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { untilDead } from '../helpers/until.ts'
import { makeWorld, type Outcome, statusOf, type World } from '../helpers/world.ts'

const image = 'lighter/hello'

let world: World
const lighter = (...args: string[]): Promise<Outcome> => world.lighter(args)
const works = { exitCode: 0, stderr: '' }

beforeAll(() => {
  world = makeWorld('wrong-state')
})
afterAll(() => world.remove())

/** Every command that takes a container; it goes where `%` stands. */
const COMMANDS = [
  'attach %',
  'commit %',
  'cp %:/x -',
  'diff %',
  'exec % true',
  'export %',
  'kill %',
  'logs %',
  'pause %',
  'port %',
  'rename % other',
  'restart %',
  'rm %',
  'start %',
  'stats --no-stream %',
  'stop %',
  'top %',
  'unpause %',
  'update --restart no %',
  'wait %',
].map((text) => (name: string) => text.replace('%', name).split(' '))

test('a container that does not exist: all commands say so, and nothing else', async () => {
  for (const command of COMMANDS) {
    const args = command('nosuch')
    const outcome = await lighter(...args)
    expect(outcome, args.join(' ')).toMatchObject({ exitCode: 1, stdout: '' })
    expect(outcome.stderr, args.join(' ')).toMatch(
      /^Error response from daemon: .*No such container: nosuch\n/m,
    )
  }
})

test('a beginning that two ids have in common names neither', async () => {
  const ids = await Promise.all(
    Array.from({ length: 17 }, async () => (await lighter('create', image)).stdout.trim()),
  )
  // Of 17 ids two begin alike.
  const digit = ids.map((id) => id[0] ?? '').find((first, at, all) => all.indexOf(first) < at) ?? ''
  for (const args of [
    ['rm', digit],
    ['start', digit],
    ['inspect', digit],
  ]) {
    const outcome = await lighter(...args)
    expect(outcome.stderr).toContain(`multiple IDs found with provided prefix: ${digit}`)
    expect(outcome.exitCode).toBe(1)
  }
  expect((await lighter('ps', '-aq')).stdout.trim().split('\n')).toHaveLength(17)
  expect(await lighter('rm', ...ids.map((id) => id.slice(0, 20)))).toMatchObject(works)
})

test('a container whose image is gone can do all but make a new one', async () => {
  await lighter('run', '--name', 'base', image, 'touch', '/new')
  await lighter('commit', 'base', 'gone:1')
  await lighter('rm', 'base')
  await lighter('run', '--name', 'orphan', 'gone:1', 'ls', '/new')
  expect(await lighter('rmi', '-f', 'gone:1')).toMatchObject(works)
  expect(await lighter('start', '-a', 'orphan')).toMatchObject({ ...works, stdout: '/new\n' })
  expect((await lighter('cp', 'orphan:/new', '-')).exitCode).toBe(0)
  expect((await lighter('export', 'orphan')).exitCode).toBe(0)
  expect(await lighter('diff', 'orphan')).toMatchObject(works)
  expect((await lighter('commit', 'orphan', 'other')).stderr).toMatch(/No such image: sha256:/)
  expect((await lighter('ps', '-a')).stdout).toMatch(/orphan\n$/)
  expect(await lighter('rm', 'orphan')).toMatchObject(works)
  // Its layers went with the last one that needed them.
  expect((await lighter('images', '-q')).stdout.trim().split('\n')).toHaveLength(1)
})

describe('a monitor that was killed with -9', () => {
  test('its container is exited, with the reason, and every command takes it so', async () => {
    const run = ['run', '-d', '--name', 'lost', '--restart', 'always', image, 'sleep', '1000']
    const id = (await lighter(...run)).stdout.trim()
    const state = join(world.data, 'containers', id, 'state.json')
    const { monitor, pid } = JSON.parse(readFileSync(state, 'utf8'))
    process.kill(monitor.pid, 'SIGKILL')
    await untilDead(pid)
    const [{ State }] = JSON.parse((await lighter('inspect', 'lost')).stdout)
    expect(State).toMatchObject({
      Status: 'exited',
      Running: false,
      Pid: 0,
      ExitCode: 137,
      Error: 'monitor lost',
    })
    expect((await lighter('ps', '-a')).stdout).toMatch(/Exited \(137\) .* ago +lost\n/)
    for (const args of [
      ['exec', 'lost', 'true'],
      ['kill', 'lost'],
      ['pause', 'lost'],
      ['top', 'lost'],
    ])
      expect((await lighter(...args)).stderr).toMatch(/is not running\n$/)
    expect(await lighter('stop', 'lost')).toMatchObject(works)
    expect(await lighter('wait', 'lost')).toMatchObject({ ...works, stdout: '137\n' })
    expect(await lighter('rename', 'lost', 'found')).toMatchObject(works)
    expect(await lighter('update', '--restart', 'no', 'found')).toMatchObject(works)
    expect(await lighter('cp', '/etc/passwd', 'found:/copied')).toMatchObject({ exitCode: 0 })
    expect(await lighter('restart', 'found')).toMatchObject(works)
    expect(await statusOf(world, 'found')).toBe('running 0')
    expect((await lighter('exec', 'found', 'ls', '/copied')).stdout).toBe('/copied\n')
    expect(await lighter('rm', '-f', 'found')).toMatchObject(works)
  })
})

test('cp to where it cannot write', async () => {
  await lighter('create', '--name', 'source', image)
  const closed = join(world.home, 'closed')
  mkdirSync(closed)
  chmodSync(closed, 0o555)
  for (const [target, sentence] of [
    [join(closed, 'x'), /permission denied\n$/i],
    ['/proc/x', /no such file or directory\n$/i],
    ['/nowhere/x', /^invalid output path: directory "\/nowhere" does not exist\n$/],
  ] as const) {
    const outcome = await lighter('cp', 'source:/etc/passwd', target)
    expect(outcome.stderr, target).toMatch(sentence)
    expect(outcome.exitCode, target).toBe(1)
  }
  await lighter('rm', 'source')
})
