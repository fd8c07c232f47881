import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

const image = 'lighter/hello'
let world: World
const lighter = (...args: string[]) => world.lighter(args)

beforeAll(async () => {
  world = makeWorld('top')
  await lighter('run', '-d', '--name', 'two', image, 'sh', '-c', 'sleep 1000 & exec sleep 2000')
  await lighter('exec', '-d', 'two', 'sleep', '3000')
  await lighter('run', '-d', '--name', 'other', image, 'sleep', '4000')
  await lighter('create', '--name', 'idle', image)
})
afterAll(() => world.remove())

test("the default columns, in Docker's widths", async () => {
  const { stdout } = await lighter('top', 'two')
  const [head, ...rows] = stdout.trimEnd().split('\n')
  const titles = ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME']
  expect(head).toBe(`${titles.map((title) => title.padEnd(20)).join('')}CMD`)
  expect(rows.map((row) => row.slice(140)).toSorted()).toEqual([
    'sleep 1000',
    'sleep 2000',
    'sleep 3000',
  ])
})

test.each([
  [['-o', 'pid,comm'], /^PID {17}COMMAND\n(\d+ +sleep\n){3}$/],
  [['-eo', 'user,pid,args'], /^USER {16}PID {17}COMMAND\n(\S+ +\d+ +sleep \d000\n){3}$/],
  [['aux'], /^USER +PID +%CPU.*\n(\S+ +\d+ .* sleep \d000\n){3}$/],
  // `f` cannot be together with -q: all are listed then, and the others dropped.
  [['axf'], /^PID +TTY +STAT +TIME +COMMAND\n(\d+ .*sleep \d000\n){3}$/],
])('ps %j', async (options, pattern) => {
  const { stdout } = await lighter('top', 'two', ...options)
  expect(stdout).toMatch(pattern)
  expect(stdout).not.toContain('4000')
})

test.each([
  [['two', '-o', 'comm'], "Couldn't find PID field in ps output"],
  [['two', '-o', 'comm=PID'], 'specifying "comm=PID" is not allowed'],
  [['two', '--nosuch'], 'ps: error: unknown gnu long option'],
  [['nosuch'], 'No such container: nosuch'],
])('%j is refused', async (args, sentence) => {
  expect(await lighter('top', ...args)).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: `Error response from daemon: ${sentence}\n`,
  })
})

test('a container that does not run', async () => {
  expect((await lighter('top', 'idle')).stderr).toMatch(
    /^Error response from daemon: container [0-9a-f]{64} is not running\n$/,
  )
})
