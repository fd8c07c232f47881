import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { untilOpen } from '../helpers/until.ts'
import { finish, makeWorld, type Outcome, type World } from '../helpers/world.ts'

const image = 'lighter/hello'
const numbers = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}\n`).join('')

let world: World
const lighter = (...args: string[]): Promise<Outcome> => world.lighter(args)

beforeAll(() => {
  world = makeWorld('logs-rotation')
})
afterAll(() => world.remove())

const count = (until: number, pause: string): string[] => [
  'sh',
  '-c',
  `i=1; while [ $i -le ${until} ]; do echo line $i; i=$((i+1)); ${pause}; done`,
]
const filesOf = (id: string): string[] =>
  readdirSync(join(world.data, 'containers', id))
    .filter((name) => name.startsWith('container.log'))
    .sort()

describe('--log-opt', () => {
  test('the newest files stay; tail, since and follow go over all of them', async () => {
    const created = await lighter(
      'create',
      '--name',
      'three',
      '--log-opt',
      'max-size=1k',
      '--log-opt',
      'max-file=3',
      image,
      ...count(200, 'usleep 2000'),
    )
    await lighter('start', '-a', 'three')
    expect(filesOf(created.stdout.trim())).toEqual([
      'container.log',
      'container.log.1',
      'container.log.2',
    ])
    const { stdout } = await lighter('logs', 'three')
    const first = Number(/^line (\d+)\n/.exec(stdout)?.[1])
    expect(first).toBeGreaterThan(150)
    expect(stdout).toBe(numbers(first, 200))
    expect((await lighter('logs', '--tail', '20', 'three')).stdout).toBe(numbers(181, 200))
    expect((await lighter('logs', '-f', '--tail', '0', 'three')).stdout).toBe('')
    const stamped = (await lighter('logs', '-t', 'three')).stdout.split('\n')
    const since = stamped[5]?.split(' ')[0] ?? ''
    expect(
      (await lighter('logs', '--since', since, 'three')).stdout.endsWith(numbers(first + 6, 200)),
    ).toBe(true)
  })

  test('with one file only, it begins anew', async () => {
    const created = await lighter(
      'create',
      '--name',
      'one',
      '--log-opt',
      'max-size=1k',
      image,
      ...count(100, ':'),
    )
    await lighter('start', '-a', 'one')
    expect(filesOf(created.stdout.trim())).toEqual(['container.log'])
    const { stdout } = await lighter('logs', 'one')
    expect(stdout.endsWith('line 100\n')).toBe(true)
    expect(stdout.length).toBeLessThan(300)
  })

  test('follow loses nothing over many rotations', async () => {
    await lighter(
      'run',
      '-d',
      '--name',
      'followed',
      '--log-opt',
      'max-size=4k',
      '--log-opt',
      'max-file=12',
      image,
      'sh',
      '-c',
      `while [ ! -e /go ]; do usleep 20000; done; ${count(400, 'usleep 5000')[2]}`,
    )
    const logs = world.start(['logs', '-f', 'followed'])
    const followed = finish(logs)
    await untilOpen(logs.pid, /container\.log$/)
    await lighter('exec', 'followed', 'touch', '/go')
    const { stdout } = await followed
    expect(stdout).toBe(numbers(1, 400))
  })

  test('details: labels, environment and tag', async () => {
    await lighter(
      'run',
      '--name',
      'details',
      '--log-opt',
      'tag={{.Name}}/x',
      '--log-opt',
      'labels=a,b',
      '--log-opt',
      'env=E',
      '--label',
      'a=1',
      '--label',
      'b=x y',
      '-e',
      'E=5',
      image,
      'echo',
      'hi',
    )
    expect((await lighter('logs', '--details', 'details')).stdout).toBe(
      'E=5,a=1,b=x+y,tag=details%2Fx hi\n',
    )
    expect((await lighter('logs', 'details')).stdout).toBe('hi\n')
    const [document] = JSON.parse((await lighter('inspect', 'details')).stdout)
    expect(document.HostConfig.LogConfig).toEqual({
      Type: 'json-file',
      Config: { env: 'E', labels: 'a,b', tag: '{{.Name}}/x' },
    })
  })

  test('driver none keeps nothing, local is read', async () => {
    expect(
      (await lighter('run', '--name', 'none', '--log-driver', 'none', image, 'echo', 'hi')).stdout,
    ).toBe('hi\n')
    expect(await lighter('logs', 'none')).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'Error response from daemon: configured logging driver does not support reading\n',
    })
    await lighter('run', '--name', 'local', '--log-driver', 'local', image, 'echo', 'hi')
    expect((await lighter('logs', 'local')).stdout).toBe('hi\n')
  })

  test.each([
    [['--log-driver', 'foo'], 'error looking up logging plugin foo: plugin "foo" not found.'],
    [['--log-opt', 'foo=bar'], "unknown log opt 'foo' for json-file log driver."],
    [
      ['--log-opt', 'max-size=abc'],
      "failed to create task for container: failed to initialize logging driver: invalid size: 'abc'.",
    ],
    [
      ['--log-opt', 'max-size=0'],
      'failed to create task for container: failed to initialize logging driver: max-size must be a positive number.',
    ],
    [
      ['--log-opt', 'max-file=0'],
      'failed to create task for container: failed to initialize logging driver: max-file cannot be less than 1.',
    ],
    [
      ['--log-opt', 'compress=true'],
      'failed to create task for container: failed to initialize logging driver: compress cannot be true when max-file is less than 2 or max-size is not set.',
    ],
    [
      ['--log-driver', 'local', '--log-opt', 'labels=x'],
      "unknown log opt 'labels' for log driver local.",
    ],
  ])('%j is refused', async (flags, sentence) => {
    const outcome = await lighter('run', ...flags, image, 'true')
    expect(outcome).toMatchObject({ exitCode: 125, stdout: '' })
    expect(outcome.stderr.split('\n')[0]).toBe(`lighter: Error response from daemon: ${sentence}`)
  })
})
