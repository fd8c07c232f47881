import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { untilOpen } from '../helpers/until.ts'
import { finish, makeWorld, type Outcome, type World } from '../helpers/world.ts'

const image = 'lighter/hello'

let world: World
const lighter = (...args: string[]): Promise<Outcome> => world.lighter(args)

beforeAll(() => {
  world = makeWorld('log-drivers')
})
afterAll(() => world.remove())

const logOf = (id: string): string => join(world.data, 'containers', id)
const opts = (...pairs: string[]): string[] => pairs.flatMap((pair) => ['--log-opt', pair])

describe('compress', () => {
  const rotated = opts('max-size=10k', 'max-file=4', 'compress=true')
  const lines = (from: number, to: number): string =>
    Array.from({ length: to - from + 1 }, (_, index) => `${from + index}\n`).join('')

  test('what is rotated is compressed and read', async () => {
    // Not before somebody follows, nor much faster than whoever does: what is beyond four files is gone.
    const script =
      'until [ -e /go ]; do usleep 20000; done; i=1; while [ $i -le 600 ]; do echo $i; i=$((i+1)); usleep 2000; done'
    const created = await lighter(
      'create',
      '--name',
      'small',
      ...rotated,
      image,
      'sh',
      '-c',
      script,
    )
    const id = created.stdout.trim()
    await lighter('start', 'small')
    const logs = world.start(['logs', '-f', 'small'])
    const followed = finish(logs)
    await untilOpen(logs.pid, /container\.log$/)
    await lighter('exec', 'small', 'touch', '/go')
    expect((await followed).stdout).toBe(lines(1, 600))
    await lighter('wait', 'small')
    const names = readdirSync(logOf(id)).filter((name) => name.startsWith('container.log'))
    expect(names.sort()).toEqual([
      'container.log',
      'container.log.1.gz',
      'container.log.2.gz',
      'container.log.3.gz',
    ])
    const text = gunzipSync(readFileSync(join(logOf(id), 'container.log.1.gz'))).toString('utf8')
    expect(JSON.parse(text.split('\n')[0] ?? '')).toMatchObject({ stream: 'stdout' })
    const { stdout } = await lighter('logs', 'small')
    const first = Number(stdout.split('\n')[0])
    expect(stdout).toBe(lines(first, 600))
    expect(first).toBeLessThan(201)
    expect((await lighter('logs', '--tail', '400', 'small')).stdout).toBe(lines(201, 600))
  })

  test('the local driver compresses unless it is told not to', async () => {
    for (const [name, more, suffix] of [
      ['l1', [], '.gz'],
      ['l2', opts('compress=false'), ''],
    ] as const) {
      const flags = ['--log-driver', 'local', ...opts('max-size=5k'), ...more]
      await lighter('run', '--name', name, ...flags, image, 'seq', '500')
      const { stdout } = await lighter('inspect', '-f', '{{.Id}}', name)
      expect(existsSync(join(logOf(stdout.trim()), `container.log.1${suffix}`))).toBe(true)
      expect((await lighter('logs', '--tail', '100', name)).stdout).toBe(lines(401, 500))
    }
  })
})

describe('tag', () => {
  test('a template with what Docker offers it', async () => {
    const tag =
      '{{.ID}} {{.Name}} {{.ImageID}} {{.ImageName}} {{.DaemonName}} {{upper .Name}} {{json .ContainerLabels}} {{.Command}} {{len .FullID}}{{with .Config}}!{{end}}'
    await lighter('run', '--name', 'tagged', '--label', 'a=b', ...opts(`tag=${tag}`), image, 'echo')
    const id = (await lighter('inspect', '-f', '{{.Id}} {{.Image}}', 'tagged')).stdout
    const details = (await lighter('logs', '--details', 'tagged')).stdout.trim()
    const shown = new URLSearchParams(details).get('tag')
    expect(shown).toBe(
      `${id.slice(0, 12)} tagged ${id.slice(65, 77)} ${image} docker TAGGED {"a":"b"} echo 64!`,
    )
  })

  test.each([
    [
      '{{.Nope}}',
      `template: log-tag:1:2: executing "log-tag" at <.Nope>: can't evaluate field Nope in type *logger.Info`,
    ],
    ['{{.Name', 'template: log-tag:1: unclosed action'],
    ['{{nosuch .}}', 'template: log-tag:1: function "nosuch" not defined'],
  ])('%s fails at the start', async (tag, reason) => {
    expect(await lighter('run', '--name', 'bad-tag', ...opts(`tag=${tag}`), image, 'true')).toEqual(
      {
        exitCode: 125,
        stdout: '',
        stderr: `lighter: Error response from daemon: failed to create task for container: failed to initialize logging driver: ${reason}.\n`,
      },
    )
    expect((await lighter('inspect', '-f', '{{.State.Status}}', 'bad-tag')).stdout).toBe(
      'created\n',
    )
    await lighter('rm', 'bad-tag')
  })
})

describe('what is refused', () => {
  test.each([
    [opts('mode=bogus'), 'logger: logging mode not supported: bogus'],
    [
      opts('max-buffer-size=1m'),
      "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
    ],
    [
      opts('mode=non-blocking', 'max-buffer-size=zz'),
      "error parsing option max-buffer-size: invalid size: 'zz'",
    ],
    [
      ['--log-driver', 'passthrough', '-t'],
      "the 'passthrough' log driver cannot be used with --tty",
    ],
  ])('%j before anything is made', async (flags, sentence) => {
    const { exitCode, stderr } = await lighter('create', ...flags, image)
    expect(exitCode).toBe(1)
    expect(stderr).toBe(`Error response from daemon: ${sentence}\n`)
  })

  test.each([
    [opts('labels-regex=('), 'error parsing regexp: missing closing ): `(`'],
    [
      ['--log-driver', 'local', ...opts('max-file=1')],
      'compression cannot be enabled when max file count is 1',
    ],
    [
      ['--log-driver', 'local', ...opts('compress=maybe')],
      'error reading compress log option: strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
  ])('%j when it is started', async (flags, reason) => {
    const { stdout } = await lighter('create', ...flags, image)
    const { stderr } = await lighter('start', stdout.trim())
    expect(stderr).toContain(`failed to initialize logging driver: ${reason}\n`)
  })
})

describe('passthrough', () => {
  test('the container writes to what its starter writes to', async () => {
    const script = 'echo out; echo err >&2; cat; readlink /proc/self/fd/1'
    const run = ['run', '--name', 'through', '--log-driver', 'passthrough']
    expect(
      await world.lighter([...run, '-i', image, 'sh', '-c', script], { input: 'in\n' }),
    ).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^out\nin\n(pipe|socket):/),
      stderr: 'err\n',
    })
    expect(await lighter('logs', 'through')).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: "this container is using the 'passthrough' log driver, cannot read logs\n",
    })
    await lighter('rm', 'through')
  })

  test('in the background, at each start', async () => {
    const run = ['run', '-d', '--name', 'behind', '--log-driver', 'passthrough']
    const { stdout } = await lighter(...run, image, 'sh', '-c', 'sleep 1; echo late')
    expect(stdout).toMatch(/^[0-9a-f]{64}\nlate\n$/)
    expect((await lighter('start', 'behind')).stdout).toBe('behind\nlate\n')
    await lighter('start', 'behind')
    expect((await lighter('attach', 'behind')).exitCode).toBe(1)
    await lighter('rm', '-f', 'behind')
  })

  test('a terminal is not given away', async () => {
    const command = `${inject('program')} run --rm --log-driver passthrough ${image} true`
    const { stdout } = await world.run('script', ['-qec', command, '/dev/null'])
    expect(stdout).toContain('cannot be used on a TTY')
  })
})
