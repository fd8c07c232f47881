import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox`
const daemon = 'Error response from daemon: '

let world: World
let id = ''
let digest = ''
const lighter = (...args: string[]) => world.lighter(args)
const lines = (text: string): string[] => text.split('\n').filter(Boolean)
const inspect = async (name: string) =>
  JSON.parse((await lighter('image', 'inspect', name)).stdout)[0]

beforeAll(() => {
  world = makeWorld('images')
})
afterAll(() => world.remove())

beforeEach(async () => {
  await lighter('pull', '-q', image)
  const found = await inspect(image)
  id = found.Id
  digest = found.RepoDigests[0].split('@')[1]
})

afterEach(async () => {
  const containers = lines((await lighter('ps', '-aq')).stdout)
  if (containers.length > 0) await lighter('rm', '-f', ...containers)
  const ids = new Set(lines((await lighter('images', '-q')).stdout))
  if (ids.size > 0) await lighter('rmi', '-f', ...ids)
  expect(readdirSync(join(world.data, 'layers'))).toEqual([])
  expect(readdirSync(join(world.data, 'blobs/sha256'))).toEqual([])
})

test('inspect has the members of Docker in its order', async () => {
  const found = await inspect(image)
  expect(Object.keys(found).join(' ')).toBe(
    'Id RepoTags RepoDigests Parent Comment Created DockerVersion Author Config Architecture Os Size GraphDriver RootFS Metadata',
  )
  expect(Object.keys(found.Config).join(' ')).toBe(
    'Hostname Domainname User AttachStdin AttachStdout AttachStderr Tty OpenStdin StdinOnce Env Cmd Image Volumes WorkingDir Entrypoint OnBuild Labels',
  )
  expect(found.Config).toMatchObject({ Hostname: '', Volumes: null, Entrypoint: null, Cmd: ['sh'] })
  expect(found.GraphDriver.Name).toMatch(/^(overlay2|fuse-overlayfs)$/)
  expect(found.GraphDriver.Data.UpperDir).toMatch(/\/layers\/[0-9a-f]{64}\/fs$/)
  expect(found.Metadata.LastTagTime).toBe('0001-01-01T00:00:00Z')
  await lighter('tag', image, 'two:1')
  expect(Date.parse((await inspect('two:1')).Metadata.LastTagTime)).toBeGreaterThan(0)
})

test('images: names, digests, filters by name', async () => {
  await lighter('tag', image, 'two:1')
  const rows = lines((await lighter('images', '--digests')).stdout)
  expect(rows[0]).toMatch(/^REPOSITORY +TAG +DIGEST +IMAGE ID +CREATED +SIZE$/)
  expect(rows.find((row) => row.startsWith('two '))).toMatch(/^two +1 +<none> /)
  expect(rows.find((row) => row.startsWith(image))).toContain(digest)
  expect(lines((await lighter('images', '-q', '--no-trunc', 'two')).stdout)).toEqual([id])
  for (const name of [`${image}@${digest}`, `${image}*`, `*/${image.split('/')[1]}:l*`]) {
    expect(lines((await lighter('images', '-q', '--no-trunc', name)).stdout)).toEqual([id])
  }
  for (const name of ['nosuch', 'Foo', 'two:2', '*/*:1']) {
    expect(await lighter('images', '-q', name)).toEqual({ exitCode: 0, stdout: '', stderr: '' })
  }
})

describe('rmi', () => {
  const untagged = () => [`Untagged: ${image}:latest`, `Untagged: ${image}@${digest}`]

  test('by name: names, image, layers', async () => {
    const { exitCode, stdout } = await lighter('rmi', image)
    expect(exitCode).toBe(0)
    const said = lines(stdout)
    expect(said.slice(0, 3)).toEqual([...untagged(), `Deleted: ${id}`])
    expect(said.slice(3)).toHaveLength(2)
    expect(said.at(-1)).toMatch(/^Deleted: sha256:[0-9a-f]{64}$/)
  })

  test('layers that another image stands on are not spoken of, and stay', async () => {
    const other = `${image}:multi`
    await lighter('pull', '-q', '--platform', 'linux/arm64', other)
    expect(lines((await lighter('rmi', image)).stdout)).toEqual([...untagged(), `Deleted: ${id}`])
    expect(readdirSync(join(world.data, 'layers'))).toHaveLength(2)
  })

  test('what is not there', async () => {
    const missing = { stdout: '', stderr: `${daemon}No such image: nosuch:latest\n` }
    expect(await lighter('rmi', 'nosuch')).toEqual({ exitCode: 1, ...missing })
    expect(await lighter('rmi', '-f', 'nosuch')).toEqual({ exitCode: 0, ...missing })
  })

  test('several, one of them missing', async () => {
    await lighter('tag', image, 'two:1')
    await lighter('tag', image, 'two:2')
    expect(await lighter('rmi', 'two:1', 'two:nosuch', 'two:2')).toEqual({
      exitCode: 1,
      stdout: 'Untagged: two:1\nUntagged: two:2\n',
      stderr: `${daemon}No such image: two:nosuch\n`,
    })
  })

  test('by id with several tags', async () => {
    await lighter('tag', image, 'two:1')
    const short = id.slice(7, 19)
    for (const name of [id, id.slice(7), short, id.slice(7, 11)]) {
      expect((await lighter('rmi', name)).stderr).toBe(
        `${daemon}conflict: unable to delete ${short} (must be forced) - image is referenced in multiple repositories\n`,
      )
    }
    const { stdout } = await lighter('rmi', '-f', short)
    expect(lines(stdout)).toEqual(
      expect.arrayContaining([...untagged(), 'Untagged: two:1', `Deleted: ${id}`]),
    )
  })

  test('a digest alone leaves the tag', async () => {
    expect((await lighter('rmi', `${image}@${digest}`)).stdout).toBe(
      `Untagged: ${image}@${digest}\n`,
    )
    expect((await lighter('images', '--digests')).stdout).toMatch(/latest +<none>/)
  })

  test('an image of a created container', async () => {
    const container = (await lighter('create', image, 'echo', 'alive')).stdout.slice(0, 12)
    const short = id.slice(7, 19)
    expect((await lighter('rmi', image)).stderr).toBe(
      `${daemon}conflict: unable to remove repository reference "${image}" (must force) - container ${container} is using its referenced image ${short}\n`,
    )
    expect((await lighter('rmi', id)).stderr).toBe(
      `${daemon}conflict: unable to delete ${short} (must be forced) - image is being used by stopped container ${container}\n`,
    )
    expect(lines((await lighter('rmi', '-f', image)).stdout)).toEqual([
      ...untagged(),
      `Deleted: ${id}`,
    ])
    expect(await lighter('start', '-a', container)).toMatchObject({
      exitCode: 0,
      stdout: 'alive\n',
    })
    await lighter('rm', container)
    await lighter('rmi', '-f', 'nosuch')
    await lighter('pull', '-q', image)
  })

  test('an image of a running container', async () => {
    const started = await lighter('run', '-d', '--network', 'none', image, 'sleep', '1000')
    const container = started.stdout.slice(0, 12)
    const short = id.slice(7, 19)
    const conflict = `${daemon}conflict: unable to delete ${short} (cannot be forced) - image is being used by running container ${container}\n`
    expect((await lighter('rmi', '-f', id)).stderr).toBe(conflict)
    expect(lines((await lighter('rmi', '-f', image)).stdout)).toEqual(untagged())
    expect((await lighter('images')).stdout).toMatch(/<none> +<none> +[0-9a-f]{12}/)
    expect((await lighter('exec', container, 'echo', 'alive')).stdout).toBe('alive\n')
    await lighter('rm', '-f', container)
    expect((await lighter('rmi', id)).stdout).toContain(`Deleted: ${id}`)
  })
})

describe('tag', () => {
  test.each([
    [
      'Foo',
      'Error parsing reference: "Foo" is not a valid repository/tag: invalid reference format',
    ],
    [`x@sha256:${'a'.repeat(64)}`, 'refusing to create a tag with a digest reference'],
  ])('to %s', async (target, sentence) => {
    const outcome = await lighter('tag', image, target)
    expect(outcome.exitCode).toBe(1)
    expect(outcome.stderr.startsWith(sentence)).toBe(true)
  })

  test('a name that moves leaves its image nameless, not lost', async () => {
    await lighter('pull', '-q', '--platform', 'linux/arm64', `${image}:multi`)
    await lighter('tag', image, 'moving:1')
    await lighter('tag', `${image}:multi`, 'moving:1')
    expect((await inspect('moving:1')).Architecture).toBe('arm64')
    await lighter('tag', `${image}:multi`, `${image}:latest`)
    expect((await inspect(id)).RepoTags).toEqual([])
  })
})

test('an image is removed while its layers are still written to the disk', async () => {
  for (let round = 0; round < 8; round++) {
    expect(await lighter('pull', '-q', image)).toMatchObject({ exitCode: 0 })
    expect(await lighter('rmi', '-f', image)).toMatchObject({ exitCode: 0, stderr: '' })
  }
})

test('pulls and removals at the same time', async () => {
  const rounds = Array.from({ length: 6 }, async (_, index) => {
    if (index % 3 === 2) return await lighter('rmi', '-f', image)
    return await lighter('pull', '-q', image)
  })
  for (const outcome of await Promise.all(rounds)) {
    expect(outcome.stderr).toMatch(/^$|No such image/)
  }
  await lighter('pull', '-q', image)
  expect((await lighter('run', '--rm', '--network', 'none', image, 'echo', 'ok')).stdout).toBe(
    'ok\n',
  )
})
