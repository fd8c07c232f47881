import { afterAll, beforeEach, expect, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

const image = 'lighter/hello'
const world: World = makeWorld('prune')
const lighter = (...args: string[]) => world.lighter(args)
const names = async () =>
  (await lighter('ps', '-a', '--no-trunc')).stdout
    .split('\n')
    .slice(1)
    .flatMap((line) => /(\S+)$/.exec(line.trimEnd())?.[1] ?? [])
    .toSorted()

let stopped: string
beforeEach(async () => {
  const ids = (await lighter('ps', '-aq')).stdout.split('\n').filter(Boolean)
  if (ids.length > 0) await lighter('rm', '-f', ...ids)
  await lighter('run', '-d', '--name', 'running', image, 'sleep', '1000')
  await lighter('create', '--name', 'created', '-l', 'keep=yes', '-l', 'a=b', image)
  stopped = (await lighter('create', '--name', 'stopped', '-l', 'a=b', image)).stdout.trim()
})
afterAll(() => world.remove())

const QUESTION = `WARNING! This will remove all stopped containers.
Are you sure you want to continue? [y/N] `

test.each(['', 'n\n', 'yes\n', '\ny\n'])('the answer %j keeps everything', async (input) => {
  const outcome = await world.lighter(['container', 'prune'], { input })
  expect(outcome).toEqual({ exitCode: 0, stdout: QUESTION, stderr: '' })
  expect(await names()).toEqual(['created', 'running', 'stopped'])
})

test('after a y only what runs is left', async () => {
  const { stdout } = await world.lighter(['container', 'prune'], { input: 'y\n' })
  expect(stdout.startsWith(`${QUESTION}Deleted Containers:\n`)).toBe(true)
  expect(stdout).toContain(`\n${stopped}\n`)
  expect(stdout.endsWith('\n\nTotal reclaimed space: 0B\n')).toBe(true)
  expect(await names()).toEqual(['running'])
  expect(await lighter('container', 'prune', '-f')).toEqual({
    exitCode: 0,
    stdout: 'Total reclaimed space: 0B\n',
    stderr: '',
  })
})

test.each([
  [['label=a'], ['running']],
  [
    ['label=a=b', 'label=keep=yes'],
    ['running', 'stopped'],
  ],
  [['label=a=c'], ['created', 'running', 'stopped']],
  [['label!=keep'], ['created', 'running']],
  [['until=1h'], ['created', 'running', 'stopped']],
  [['until=0s'], ['running']],
])('--filter %j leaves %j', async (filters, left) => {
  const flags = filters.flatMap((text) => ['--filter', text])
  expect((await lighter('container', 'prune', '-f', ...flags)).exitCode).toBe(0)
  expect(await names()).toEqual(left)
})

test('what a container wrote is counted', async () => {
  await lighter('run', '--name', 'writer', image, 'sh', '-c', 'head -c 1234567 /dev/zero >/big')
  const { stdout } = await lighter('container', 'prune', '-f')
  expect(stdout).toMatch(/\nTotal reclaimed space: 1\.23[45]MB\n$/)
})

test.each([
  ['foo=1', 1, "Error response from daemon: invalid filter 'foo'\n"],
  ['until=xx', 1, 'Error response from daemon: failed to parse value as time or duration: "xx"\n'],
  [
    'foo',
    125,
    'invalid argument "foo" for "--filter" flag: bad format of filter (expected name=value)\nSee \'lighter container prune --help\'.\n',
  ],
])('--filter %s is refused', async (text, exitCode, stderr) => {
  const outcome = await lighter('container', 'prune', '-f', '--filter', text)
  expect(outcome).toEqual({ exitCode, stdout: '', stderr })
  expect(await names()).toHaveLength(3)
})
