import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { openTerminal } from '../helpers/terminal.ts'
import { makeWorld } from '../helpers/world.ts'

const world = makeWorld('image-flags')
const image = `${inject('registry')}/busybox`
const lighter = (...args: string[]) => world.lighter(args)

beforeAll(async () => {
  expect(await lighter('pull', '-q', image)).toMatchObject({ exitCode: 0 })
})
afterAll(() => world.remove())

describe('--platform of an image that is here', () => {
  const other = process.arch === 'x64' ? 'linux/arm64' : 'linux/amd64'
  const own = process.arch === 'x64' ? 'linux/amd64' : 'linux/arm64'
  const commands: [string[], string[]][] = [
    [['image', 'inspect', '--format', '{{.Os}}'], ['linux']],
    [
      ['history', '--quiet'],
      [expect.stringMatching(/^[0-9a-f]{12}$/), '<missing>'],
    ],
    [['push', '--quiet'], [`${image}:latest`]],
  ]

  test.each(commands)('%j', async (command, lines) => {
    const [first = '', ...flags] = command
    const run = (platform: string) => lighter(first, ...flags, '--platform', platform, image)
    const outcome = await run(own)
    expect({ ...outcome, stdout: outcome.stdout.split('\n').filter(Boolean) }).toEqual({
      exitCode: 0,
      stdout: lines,
      stderr: '',
    })
    expect(await run(other)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(
        `image with reference ${image}\\S* was found but does not match the specified platform: wanted ${other}, actual: ${own}\n$`,
      ),
    })
    expect(await run('a/b/c/d')).toMatchObject({
      exitCode: 1,
      stderr: 'invalid platform: "a/b/c/d": cannot parse platform specifier: invalid argument\n',
    })
  })

  test('rmi takes one, and nothing of another', async () => {
    await lighter('tag', image, 'gone:1')
    expect(await lighter('rmi', '--platform', other, 'gone:1')).toMatchObject({ exitCode: 1 })
    expect(await lighter('rmi', '--platform', `${own},${other}`, 'gone:1')).toMatchObject({
      exitCode: 1,
      stderr: 'Error response from daemon: multiple platforms are not supported\n',
    })
    expect(await lighter('rmi', '--platform', own, '--no-prune', 'gone:1')).toMatchObject({
      stdout: 'Untagged: gone:1\n',
    })
  })
})

describe('images --tree', () => {
  const WARNING =
    "WARNING: This is an experimental feature. The output may change and shouldn't be depended on."

  test('has an image with its tags, its platform and who uses it', async () => {
    await lighter('tag', image, 'two:1')
    await lighter('create', '--name', 'user', image)
    const { stdout, stderr } = await lighter('images', '--tree')
    await lighter('rm', 'user')
    await lighter('rmi', 'two:1')
    const [warning, empty, head, ...rows] = stdout.split('\n')
    expect([warning, empty, stderr]).toEqual([WARNING, '', ''])
    expect(head).toMatch(/^IMAGE {5,}ID {13}DISK USAGE {3}CONTENT SIZE {3}IN USE$/)
    expect(rows.map((row) => row.trimEnd())).toEqual([
      expect.stringMatching(/^127\.0\.0\.1:\d+\/busybox:\S+$/),
      expect.stringMatching(/^two:1 +[0-9a-f]{12} +[\d.]+MB +[\d.]+MB {5}✔$/),
      expect.stringMatching(/^└─ linux\/\w+ +[0-9a-f]{12} +[\d.]+MB +[\d.]+MB {5}✔$/),
      '',
      '',
    ])
  })

  test('is coloured on a terminal', async () => {
    const terminal = await openTerminal(world, ['images', '--tree'])
    expect(await terminal.exitCode()).toBe(0)
    expect(terminal.output()).toContain(`\u001b[93m${WARNING}\u001b[0m`)
  })

  test('shows those that pass a filter', async () => {
    const { stdout } = await lighter('images', '--tree', 'nosuch')
    expect(stdout).toBe(`${WARNING}\n\nIMAGE   ID             DISK USAGE   CONTENT SIZE   IN USE\n`)
  })

  test.each([
    [['-q'], '--quiet'],
    [['--no-trunc'], '--no-trunc'],
    [['--digests'], '--show-digest'],
    [['--format', 'json'], '--format'],
  ])('is no tree with %j', async (flags, name) => {
    expect(await lighter('images', '--tree', ...flags)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `${name} is not yet supported with --tree\n`,
    })
  })
})
