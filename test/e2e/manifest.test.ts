import { readdirSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { startFront } from '../helpers/front.ts'
import { digestOf, fetchAll, raw } from '../helpers/skopeo.ts'
import { makeWorld, type World } from '../helpers/world.ts'

/** Repositories of this test alone: other tests use the registry, too. */
const own = `manifest-${process.pid}`
const registry = inject('registry')
const busybox = `${registry}/busybox:latest`
const arm64 = `${registry}/busybox:arm64`
const schema2 = `${registry}/busybox:schema2`
const NOTHING = `sha256:${'0'.repeat(64)}`

let world: World

const manifest = (...args: string[]) => world.lighter(['manifest', ...args])

/** What a command says that must succeed. */
async function said(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await manifest(...args)
  expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: '' })
  return stdout
}

beforeAll(() => {
  world = makeWorld('manifest')
})
afterAll(() => world.remove())

describe('a list', () => {
  test('is made, shown and pushed; another program finds all of it', async () => {
    const name = `${registry}/${own}/list:v1`
    expect(await said('create', name, busybox, arm64)).toBe(`Created manifest list ${name}\n`)
    const shown = await said('inspect', name)
    const { mediaType, manifests } = JSON.parse(shown)
    expect(mediaType).toBe('application/vnd.oci.image.index.v1+json')
    expect(manifests.map(({ platform }: { platform: object }) => platform)).toEqual([
      { architecture: 'arm64', os: 'linux' },
      { architecture: 'amd64', os: 'linux' },
    ])
    const lines = (await said('push', name)).trimEnd().split('\n')
    const members = [arm64, busybox].map((member) => digestOf(raw(member)))
    expect(lines).toEqual([
      ...members.map(
        (digest) => `Pushed ref ${registry}/${own}/list@${digest} with digest: ${digest}`,
      ),
      digestOf(shown.trimEnd()),
    ])
    expect(raw(name)).toBe(shown.trimEnd())
    fetchAll(name)
    // What is in the registry is shown in the same way.
    expect(await said('rm', name)).toBe('')
    expect(await said('inspect', name)).toBe(shown)
  })

  test('is pulled like any other image', async () => {
    const name = `${registry}/${own}/pulled:v1`
    await said('create', name, busybox, arm64)
    await said('push', '--purge', name)
    expect(await world.lighter(['pull', '-q', name])).toMatchObject({ exitCode: 0 })
    const { stdout } = await world.lighter(['inspect', '-f', '{{.Architecture}}', name])
    expect(stdout).toBe('amd64\n')
  })

  test('in the repository of its members pushes none of them', async () => {
    const name = `${registry}/busybox:list-${process.pid}`
    await said('create', name, schema2)
    const shown = await said('inspect', name)
    expect(JSON.parse(shown).mediaType).toBe(
      'application/vnd.docker.distribution.manifest.list.v2+json',
    )
    expect(await said('push', name)).toBe(`${digestOf(shown.trimEnd())}\n`)
    expect(raw(name)).toBe(shown.trimEnd())
    await said('rm', name)
  })

  test('is amended only when asked for', async () => {
    const name = `${registry}/${own}/amended:v1`
    await said('create', name, busybox)
    expect(await manifest('create', name, arm64)).toMatchObject({
      exitCode: 1,
      stderr: 'refusing to amend an existing manifest list with no --amend flag\n',
    })
    await said('annotate', '--variant', 'v3', name, busybox)
    await said('create', '-a', name, arm64, busybox)
    const { manifests } = JSON.parse(await said('inspect', name))
    // The member that was there keeps what was said of it.
    expect(manifests).toMatchObject([
      { platform: { architecture: 'arm64' } },
      { platform: { architecture: 'amd64', variant: 'v3' } },
    ])
    await said('create', '--amend', `${registry}/${own}/amended:new`, busybox)
    await said('rm', name, `${registry}/${own}/amended:new`)
  })

  test('says what annotate says', async () => {
    const name = `${registry}/${own}/annotated:v1`
    await said('create', name, busybox, arm64)
    const flags = ['--os', 'linux', '--arch', 'arm', '--variant', 'v7', '--os-version', '10.0']
    await said('annotate', ...flags, '--os-features', 'a,b', '--os-features', 'b,c', name, busybox)
    await said('push', name)
    expect(JSON.parse(raw(name)).manifests[1].platform).toEqual({
      architecture: 'arm',
      os: 'linux',
      'os.version': '10.0',
      'os.features': ['a', 'b', 'c'],
      variant: 'v7',
    })
    const verbose = JSON.parse(await said('inspect', '-v', name, busybox))
    expect(verbose.Descriptor.platform.variant).toBe('v7')
    expect(Buffer.from(verbose.Raw, 'base64').toString()).toBe(raw(busybox))
    expect(
      await manifest('annotate', '--os', 'linux', '--arch', 'z80', name, busybox),
    ).toMatchObject({
      exitCode: 1,
      stderr: 'manifest entry for image has unsupported os/arch combination: linux/z80\n',
    })
    await said('rm', name)
  })

  test('that cannot be whole is not kept', async () => {
    const name = `${registry}/${own}/half:v1`
    expect(await manifest('create', name, busybox, `${registry}/busybox:nosuch`)).toMatchObject({
      exitCode: 1,
      stderr: `no such manifest: ${registry}/busybox:nosuch\n`,
    })
    expect((await manifest('rm', name)).stderr).toBe(`No such manifest: ${name}\n`)
  })

  test.each([
    [['create', 'UPPER', 'a'], 'error parsing name for manifest list UPPER: invalid reference'],
    [
      ['create', 'list', `${registry}/busybox:multi`],
      `${registry}/busybox:multi is a manifest list`,
    ],
    [
      ['create', 'list', `${registry}/busybox@${NOTHING}`],
      `no such manifest: ${registry}/busybox@${NOTHING}`,
    ],
    [
      ['create', 'list', `${registry}/nosuch/image`],
      `no such manifest: ${registry}/nosuch/image:latest`,
    ],
    [['annotate', 'list', 'member'], 'manifest for image member does not exist in list'],
    [['inspect', `${registry}/busybox:nosuch`], `no such manifest: ${registry}/busybox:nosuch`],
    [['inspect', 'list', 'member'], 'No such manifest: docker.io/library/member:latest'],
    [['push', 'list'], 'No such manifest: docker.io/library/list:latest'],
    [['rm', 'list', 'UPPER'], 'No such manifest: docker.io/library/list:latest\ninvalid reference'],
    [
      ['inspect', '127.0.0.1:9/x'],
      'failed to configure transport: error pinging v2 registry: Get ',
    ],
  ])('%j is refused', async (args, sentence) => {
    const { exitCode, stdout, stderr } = await manifest(...args)
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringMatching(`^${literally(sentence)}.*\n$`),
    })
  })

  test('of another registry, or of an unreachable one, is not pushed', async () => {
    await said('create', '127.0.0.1:9/x', busybox)
    const sentence = `cannot use source images from a different registry than the target image: ${registry} != 127.0.0.1:9\n`
    expect(await manifest('push', '127.0.0.1:9/x')).toMatchObject({ exitCode: 1, stderr: sentence })
    expect(await manifest('inspect', '127.0.0.1:9/x')).toMatchObject({
      exitCode: 1,
      stderr: `failed to assemble ManifestDescriptor: ${sentence}`,
    })
    await said('rm', '127.0.0.1:9/x')
    const front = await startFront(registry, (_request, _response, forward) => forward())
    await said('create', `${front.host}/${own}/away:v1`, `${front.host}/busybox`)
    await front.stop()
    const { exitCode, stdout, stderr } = await manifest(
      'push',
      '-p',
      `${front.host}/${own}/away:v1`,
    )
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toMatch(/dial tcp 127\.0\.0\.1:\d+: connect: connection refused\n$/)
    // It is still there to be pushed later.
    await said('rm', `${front.host}/${own}/away:v1`)
  })
})

describe('lists that are kept', () => {
  test('are made once, however many try', async () => {
    const name = `${registry}/${own}/race:v1`
    const tries = await Promise.all(
      Array.from({ length: 6 }, () => manifest('create', name, busybox)),
    )
    expect(tries.map(({ exitCode }) => exitCode).sort()).toEqual([0, 1, 1, 1, 1, 1])
    const members = [busybox, arm64, schema2, `${registry}/busybox:zstd`]
    await Promise.all(members.map((member) => said('create', '-a', name, member)))
    expect(JSON.parse(await said('inspect', name)).manifests).toHaveLength(members.length)
    await said('rm', name)
  })

  test('are whole or not there after a kill', async () => {
    const name = `${registry}/${own}/killed:v1`
    for (let round = 0; round < 8; round++) {
      const child = world.start(['manifest', 'create', '-a', name, busybox, arm64])
      await sleep(100 + 60 * round)
      child.kill('SIGKILL')
      const { exitCode, stdout } = await manifest('inspect', name)
      if (exitCode === 0) expect(JSON.parse(stdout).manifests).toHaveLength(2)
      await manifest('rm', name)
    }
    // What is unfinished goes when images are dealt with.
    expect(await world.lighter(['pull', '-q', busybox])).toMatchObject({ exitCode: 0 })
    expect(readdirSync(join(world.data, 'tmp'))).toEqual([])
  })

  test('that are damaged are told of, and can be removed', async () => {
    const name = `${registry}/${own}/damaged:v1`
    await said('create', name, busybox)
    const lists = join(world.data, 'manifests')
    const [directory = ''] = readdirSync(lists).filter((list) => list.includes('damaged'))
    const [file = ''] = readdirSync(join(lists, directory))
    truncateSync(join(lists, directory, file), 100)
    for (const verb of ['inspect', 'push']) {
      expect(await manifest(verb, name)).toMatchObject({
        exitCode: 1,
        stderr: expect.stringMatching(`^the local manifest list ${literally(name)} is damaged: `),
      })
    }
    await said('rm', name)
    expect(readdirSync(lists).filter((list) => list.includes('damaged'))).toEqual([])
  })
})

const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
