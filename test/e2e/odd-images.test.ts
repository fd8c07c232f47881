import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { makeArchive } from '../fixtures/archive.ts'
import { type ImageRecipe, writeImageLayout } from '../fixtures/image-layout.ts'
import { INIT } from '../helpers/init.ts'
import { pushLayout } from '../helpers/registry.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const registry = inject('registry')
const busybox = readFileSync('/bin/busybox')

const base = makeArchive([
  { path: 'bin/busybox', mode: 0o755, data: busybox },
  ...['sh', 'cat', 'ls', 'sleep', 'true'].map((name) => ({
    path: `bin/${name}`,
    type: 'SymbolicLink' as const,
    linkpath: 'busybox',
  })),
])
const file = (data: string) => makeArchive([{ path: 'etc/x', data }])
const empty = makeArchive([])
const without = makeArchive([{ path: 'etc/.wh.x', data: '' }])

let pushed = 0
function push(recipe: ImageRecipe): string {
  const name = `odd-${process.pid}-${pushed++}`
  const directory = join(inject('work'), name)
  mkdirSync(directory)
  writeImageLayout(directory, recipe)
  pushLayout(directory, registry, `${name}:latest`)
  return `${registry}/${name}:latest`
}

describe.each(['overlay', 'fuse-overlayfs', 'copy'])('images with odd layers, on %s', (driver) => {
  let world: World
  beforeAll(() => {
    world = makeWorld(`odd-${driver}`)
    world.env.LIGHTER_STORAGE_DRIVER = driver
  })
  afterAll(() => world.remove())
  const look = async (layers: Buffer[]) => {
    const image = push({ layers })
    const command = ['sh', '-c', 'cat /etc/x 2>/dev/null || echo none']
    return await world.lighter(['run', '--rm', '--network', 'none', '-q', image, ...command])
  }

  test.each<[string, Buffer[], string]>([
    ['an empty layer twice', [base, empty, file('one'), empty], 'one'],
    ['a file, another, the first again', [base, file('one'), file('two'), file('one')], 'one'],
    ['a file, its removal, the file again', [base, file('one'), without, file('one')], 'one'],
    ['a removal on both sides', [base, file('one'), without, file('two'), without], 'none'],
    ['the lowest layer on top again', [base, file('one'), base], 'one'],
  ])('%s', async (_, layers, content) => {
    const { exitCode, stdout } = await look(layers)
    expect([exitCode, stdout.trim()]).toEqual([0, content])
  })

  test('no layer at all: there is nothing to run', async () => {
    const outcome = await world.lighter(['run', '--rm', push({ layers: [] }), '/true'])
    expect(outcome.exitCode).toBe(127)
    expect(outcome.stderr).toMatch(/exec: "\/true".*no such file or directory/)
  })
})

describe('odd configurations', () => {
  let world: World
  const lighter = (...args: string[]) => world.lighter(args)
  beforeAll(() => {
    world = makeWorld('odd-configurations')
  })
  afterAll(() => world.remove())

  test('a stop signal that is none: the container is stopped all the same', async () => {
    const image = push({ layers: [base], config: { StopSignal: 'BOGUS' } })
    const id = (await lighter('run', '-d', '-q', image, 'sleep', '1000')).stdout.trim()
    const wrong = await lighter('stop', '-s', 'FOO', id)
    expect(wrong.exitCode).toBe(1)
    expect(wrong.stderr).toMatch(/cannot stop container: \S+: invalid signal: FOO/)
    expect(await lighter('stop', '-t', '1', id)).toMatchObject({ exitCode: 0, stdout: `${id}\n` })
    expect(await lighter('rm', id)).toMatchObject({ exitCode: 0 })
  })

  test('a user without capabilities behind --init', async () => {
    const flags = [...INIT, '-u', '1000', '--cap-drop', 'ALL']
    const image = push({ layers: [base] })
    expect(await lighter('run', '--rm', '-q', ...flags, image, 'true')).toMatchObject({
      exitCode: 0,
      stderr: expect.not.stringContaining('denied'),
    })
  })

  test('several starts at once: all are answered', async () => {
    const image = push({ layers: [base] })
    await lighter('create', '-q', '--name', 'race', image, 'sleep', '1000')
    const starts = await Promise.all(Array.from({ length: 4 }, () => lighter('start', 'race')))
    for (const outcome of starts)
      expect(outcome).toMatchObject({ exitCode: 0, stdout: 'race\n', stderr: '' })
    await lighter('rm', '-f', 'race')
  })

  test.each(['/proc', '/proc/sys'])('nothing is mounted over %s', async (place) => {
    const image = push({ layers: [base] })
    const outcome = await lighter(
      'run',
      '--rm',
      '-q',
      '-v',
      `${world.home}:${place}`,
      image,
      'true',
    )
    expect(outcome.exitCode).toBe(125)
    expect(outcome.stderr).toMatch(
      /^lighter: .*cannot be mounted because it is (not of type proc|inside \/proc)\.$/m,
    )
  })

  test('an owner beyond the range: the command that gives more', async () => {
    const image = push({ layers: [makeArchive([{ path: 'f', uid: 205_001, data: 'x' }])] })
    const outcome = await lighter('pull', '-q', image)
    expect(outcome.exitCode).toBe(1)
    expect(outcome.stderr).toMatch(/usermod --add-subuids \d+-\d+ --add-subgids \d+-\d+ \S+\n$/)
  })
})
