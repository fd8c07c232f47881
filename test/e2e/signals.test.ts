import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../helpers/until.ts'
import { finish, makeWorld, statusOf, type World } from '../helpers/world.ts'

const image = 'lighter/hello'
let world: World
const lighter = (...args: string[]) => world.lighter(args)
const run = (name: string, ...command: string[]) =>
  lighter('run', '-d', '--network', 'none', '--name', name, image, ...command)
const daemon = 'Error response from daemon: '

beforeAll(() => {
  world = makeWorld('signals')
})
afterAll(() => world.remove())

test('wait tells each in order, as soon as it is known', async () => {
  await run('late', 'sh', '-c', 'sleep 1000; exit 1')
  await run('soon', 'sh', '-c', 'exit 7')
  const waiting = world.start(['wait', 'soon', 'late', 'nosuch'])
  let early = ''
  waiting.stdout.on('data', (bytes) => {
    early += String(bytes)
  })
  const outcome = finish(waiting)
  await until(() => early !== '')
  expect(early).toBe('7\n')
  await lighter('kill', 'late')
  expect(await outcome).toEqual({
    exitCode: 1,
    stdout: '7\n137\n',
    stderr: `${daemon}No such container: nosuch\n`,
  })
  await lighter('rm', 'late', 'soon')
})

const TRAP = 'trap "exit 5" USR1; trap "exit 6" TERM; echo set; while :; do sleep 0.1; done'
/** Waits until the traps of so many runs are set. */
const untilSet = (runs: number) =>
  until(async () => (await lighter('logs', 'trapped')).stdout === 'set\n'.repeat(runs))

test('stop: the signal and the time of the command line', async () => {
  await run('trapped', 'sh', '-c', TRAP)
  await untilSet(1)
  expect(await lighter('stop', '--signal', 'USR1', '--timeout', '10', 'trapped')).toMatchObject({
    exitCode: 0,
    stdout: 'trapped\n',
  })
  expect(await statusOf(world, 'trapped')).toBe('exited 5')
  await lighter('start', 'trapped')
  await untilSet(2)
  await lighter('stop', '-s', 'WINCH', '--time=0', 'trapped')
  expect(await statusOf(world, 'trapped')).toBe('exited 137')
  await lighter('rm', 'trapped')
})

test('what kill, stop, start and rm refuse', async () => {
  await run('on', 'sleep', '1000')
  await lighter('create', '--name', 'off', image)
  const sentences: [string[], string][] = [
    [['kill', '-s', 'FOO', 'on'], `${daemon}cannot kill container: on: invalid signal: FOO`],
    [['stop', '-s', 'BAD', 'on'], `${daemon}cannot stop container: on: invalid signal: BAD`],
    [['stop', 'nosuch'], `${daemon}No such container: nosuch`],
    [
      ['start', '--checkpoint', 'x', 'on'],
      '"--checkpoint" is only supported on a Docker daemon with experimental features enabled',
    ],
    [['start', '-a', 'on', 'off'], 'you cannot start and attach multiple containers at once'],
    [
      ['rm', '--link', 'off'],
      `${daemon}Conflict, cannot remove the default link name of the container`,
    ],
    [['rm', '-l', 'off/x'], `${daemon}No such container: off/x`],
  ]
  for (const [args, sentence] of sentences) {
    expect(await lighter(...args), args.join(' ')).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `${sentence}\n`,
    })
  }
  expect(await lighter('start', 'nosuch', 'off')).toEqual({
    exitCode: 1,
    stdout: 'off\n',
    stderr: `${daemon}No such container: nosuch\nError: failed to start containers: nosuch\n`,
  })
})
