import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, inject, test } from 'vitest'
import { makeArchive } from '../fixtures/archive.ts'
import { type ImageRecipe, writeImageLayout } from '../fixtures/image-layout.ts'
import { pushLayout } from '../helpers/registry.ts'
import { makeWorld } from '../helpers/world.ts'

const world = makeWorld('history')
const lighter = (...args: string[]) => world.lighter(args)
const layers = [makeArchive([{ path: 'one', data: 'x'.repeat(1234) }]), makeArchive([])]
afterAll(() => world.remove())

let pushed = 0
async function pull(recipe: Omit<ImageRecipe, 'layers'>): Promise<string> {
  const name = `history-${process.pid}-${pushed++}`
  const directory = join(inject('work'), name)
  mkdirSync(directory)
  writeImageLayout(directory, { layers, ...recipe })
  pushLayout(directory, inject('registry'), `${name}:latest`)
  const image = `${inject('registry')}/${name}:latest`
  expect(await lighter('pull', '-q', image)).toMatchObject({ exitCode: 0, stderr: '' })
  return image
}

const MISSING = '<missing>'
const created = '2024-01-31T22:30:00.123456789+02:00'

test('steps without a layer, without a time, with what makes tables ragged', async () => {
  const history = [
    { created, created_by: `RUN a\tb ${'x'.repeat(40)}`, comment: 'first' },
    { created_by: '世界'.repeat(20), empty_layer: true },
    { created, created_by: 'line\nline' },
    { created: '0001-01-01T00:00:00Z', empty_layer: true },
  ]
  const image = await pull({ document: { history } })
  const said = await lighter('history', '--format', 'json', image)
  const steps = said.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const id = (await lighter('image', 'inspect', '-f', '{{.Id}}', image)).stdout.slice(7, 19)
  expect(steps.map(({ ID }) => ID)).toEqual([id, MISSING, MISSING, MISSING])
  expect(steps.map(({ Size }) => Size)).toEqual(['0B', '0B', '0B', '1.23kB'])
  expect(steps.map(({ CreatedBy }) => CreatedBy)).toEqual([
    '',
    'line\nline',
    `${'世界'.repeat(11)}…`,
    `RUN a b ${'x'.repeat(36)}…`,
  ])
  expect(steps.map(({ CreatedAt }) => CreatedAt)).toEqual([
    '0001-01-01T00:00:00Z',
    '2024-01-31T20:30:00Z',
    '1970-01-01T00:00:00Z',
    '2024-01-31T20:30:00Z',
  ])
  expect(steps.map(({ CreatedSince }) => /ago$/.test(CreatedSince) || CreatedSince)).toEqual([
    'N/A',
    true,
    'N/A',
    true,
  ])
  const table = (await lighter('history', '--no-trunc', '--human=false', image)).stdout.split('\n')
  expect(table[0]).toMatch(/^IMAGE {2,}CREATED AT {2,}CREATED BY {2,}SIZE {6}COMMENT$/)
  expect(table).toContainEqual(expect.stringMatching(/^line {2,}0 +$/))
  expect(table.at(-2)).toContain(`RUN a b ${'x'.repeat(40)}   1234      first`)
})

test('times are those of the time zone', async () => {
  const image = await pull({ document: { history: [{ created }, { created }] } })
  const args = ['history', '--format', '{{.CreatedAt}}', image]
  const at = async (TZ: string) =>
    (await world.lighter(args, { env: { TZ } })).stdout.split('\n')[0]
  expect(await at('UTC')).toBe('2024-01-31T20:30:00Z')
  expect(await at('Asia/Kolkata')).toBe('2024-02-01T02:00:00+05:30')
  expect(await at('America/New_York')).toBe('2024-01-31T15:30:00-05:00')
})

test('an image without a history', async () => {
  const image = await pull({ document: { history: undefined, created: undefined } })
  const head = 'IMAGE     CREATED   CREATED BY   SIZE      COMMENT\n'
  expect(await lighter('history', image)).toEqual({ exitCode: 0, stdout: head, stderr: '' })
  expect(await lighter('history', '-q', image)).toEqual({ exitCode: 0, stdout: '', stderr: '' })
  expect((await lighter('images', '--format', '{{.CreatedAt}}', image)).stdout).toBe(
    '1970-01-01 00:00:00 +0000 UTC\n',
  )
  const [found] = JSON.parse((await lighter('image', 'inspect', image)).stdout)
  expect(found).not.toHaveProperty('Created')
})

test('a history of more layers than the image has', async () => {
  const image = await pull({ document: { history: [{}, {}, { created_by: 'third' }] } })
  expect(await lighter('history', image)).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: 'Error response from daemon: too many non-empty layers in History section\n',
  })
})

test.each([['words'], [{ a: 1 }], [['x', null, 3]]])(
  'a history that is none: %j',
  async (history) => {
    const image = await pull({ document: { history } })
    expect(await lighter('history', '-q', image)).toMatchObject({ stderr: expect.any(String) })
  },
)

test('a commit of a container that changed nothing adds a step and no layer', async () => {
  const base = `${inject('registry')}/busybox`
  await lighter('pull', '-q', base)
  await lighter('create', '--name', 'same', base, 'true')
  await lighter('commit', 'same', 'same:1')
  expect(
    (await lighter('history', '--format', '{{.CreatedBy}} {{.Size}}', 'same:1')).stdout,
  ).toMatch(/^true 0B\nlayer 1 13B\nlayer 0 /)
  expect((await lighter('image', 'inspect', '-f', '{{len .RootFS.Layers}}', 'same:1')).stdout).toBe(
    '2\n',
  )
  expect(await lighter('run', '--rm', '--network', 'none', 'same:1', 'echo', 'ok')).toMatchObject({
    stdout: 'ok\n',
  })
})
