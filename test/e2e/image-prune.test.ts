import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, inject, test } from 'vitest'
import { makeArchive } from '../fixtures/archive.ts'
import { writeImageLayout } from '../fixtures/image-layout.ts'
import { pushLayout } from '../helpers/registry.ts'
import { makeWorld } from '../helpers/world.ts'

const world = makeWorld('image-prune')
const image = `${inject('registry')}/busybox`
const lighter = (...args: string[]) => world.lighter(args)
const lines = (text: string): string[] => text.split('\n').filter(Boolean)
const names = async () =>
  lines((await lighter('images', '--format', '{{.Repository}}:{{.Tag}}')).stdout).toSorted()
const stored = (): number =>
  ['layers', 'blobs/sha256'].flatMap((folder) => readdirSync(join(world.data, folder))).length

beforeEach(async () => {
  const containers = lines((await lighter('ps', '-aq')).stdout)
  if (containers.length > 0) await lighter('rm', '-f', ...containers)
  await lighter('image', 'prune', '-af')
  await lighter('pull', '-q', image)
})
afterAll(() => world.remove())

const warning = (what: string) =>
  `WARNING! This will remove all ${what}.\nAre you sure you want to continue? [y/N] `

test.each([
  [[], 'dangling images'],
  [['-a'], 'images without at least one container associated to them'],
])('asks: %j', async (flags, what) => {
  for (const input of ['', 'n\n', 'yes\n']) {
    const outcome = await world.lighter(['image', 'prune', ...flags], { input })
    expect(outcome).toEqual({ exitCode: 0, stdout: warning(what), stderr: '' })
  }
  expect(await names()).toEqual([`${image}:latest`])
})

test('-a removes what no container has, with all names, and all of it', async () => {
  await lighter('tag', image, 'two:1')
  const { Id, Size } = JSON.parse((await lighter('image', 'inspect', image)).stdout)[0]
  const { stdout } = await world.lighter(['image', 'prune', '-a'], { input: 'y\n' })
  const said = lines(stdout)
  expect(said.filter((line) => line.startsWith('untagged: '))).toEqual(
    expect.arrayContaining([`untagged: ${image}:latest`, 'untagged: two:1']),
  )
  expect(said).toContain(`deleted: ${Id}`)
  expect(stdout).toMatch(/\n\nTotal reclaimed space: (\S+)MB\n$/)
  const reclaimed = Number(/space: (\S+)MB/.exec(stdout)?.[1])
  expect(Math.abs(reclaimed * 1e6 - Size)).toBeLessThan(1000)
  expect(stored()).toBe(0)
})

test.each(['create', 'run'])(
  'of an image that a container has one name stays: %s',
  async (verb) => {
    await lighter('tag', image, 'two:1')
    await lighter('tag', image, 'two:2')
    const flags = verb === 'run' ? ['-d', '--network', 'none'] : []
    await lighter(verb, ...flags, '--name', 'user', image, 'sleep', '1000')
    const { stdout } = await lighter('image', 'prune', '-af')
    expect(stdout).toMatch(/\n\nTotal reclaimed space: 0B\n$/)
    expect(stdout).not.toContain('deleted: ')
    expect(await names()).toHaveLength(1)
    const [left = ''] = await names()
    expect((await lighter('image', 'prune', '-af')).stdout).toBe('Total reclaimed space: 0B\n')
    await lighter('rm', '-f', 'user')
    expect((await lighter('image', 'prune', '-af')).stdout).toContain(`untagged: ${left}`)
  },
)

test('layers that a container keeps are not counted', async () => {
  await lighter('create', '--name', 'user', image)
  await lighter('commit', 'user', 'other:1')
  await lighter('rmi', '-f', image)
  const { stdout } = await lighter('image', 'prune', '-af')
  expect(stdout).toMatch(/^Deleted Images:\nuntagged: other:1\n/)
  expect(stdout).toMatch(/\nTotal reclaimed space: 0B\n$/)
  expect(await lighter('start', '-a', 'user')).toMatchObject({ exitCode: 0 })
})

test('without -a: what has no tag, a digest that it was pulled by is none', async () => {
  const pulled = (await lighter('image', 'inspect', '-f', '{{index .RepoDigests 0}}', image)).stdout
  await lighter('rmi', image)
  await lighter('pull', '-q', pulled.trim())
  const shown = ['images', '--format', '{{.Repository}}:{{.Tag}}', '-f']
  for (const value of ['true', 'false']) {
    expect((await lighter(...shown, `dangling=${value}`)).stdout).toBe(`${image}:<none>\n`)
  }
  const { stdout } = await lighter('image', 'prune', '-f')
  expect(stdout).toContain(`untagged: ${pulled.trim()}\n`)
  expect(await names()).toEqual([])
})

test('an image that does not say its age is never old enough', async () => {
  const name = `image-prune-${process.pid}`
  const directory = join(inject('work'), name)
  mkdirSync(directory)
  writeImageLayout(directory, { layers: [makeArchive([])], document: { created: undefined } })
  pushLayout(directory, inject('registry'), `${name}:latest`)
  await lighter('pull', '-q', `${inject('registry')}/${name}`)
  const { stdout } = await lighter('image', 'prune', '-af', '--filter', 'until=1h')
  expect(stdout).toContain(`untagged: ${image}:latest`)
  expect(await names()).toEqual([`${inject('registry')}/${name}:latest`])
})
