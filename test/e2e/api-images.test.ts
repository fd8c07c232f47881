import { beforeAll, describe, expect, inject, test } from 'vitest'
import { refusal, serve } from '../helpers/served.ts'
import type { Answer } from '../helpers/service.ts'

const FILTERS = (value: unknown): string => encodeURIComponent(JSON.stringify(value))

let name: string
let id: string

const { world, service } = serve('api-images')
beforeAll(async () => {
  name = `${inject('registry')}/busybox`
  const pulled = await service.ask('POST', `/images/create?fromImage=${name}&tag=latest`)
  expect(pulled.status, pulled.text).toBe(200)
  await tag(`${name}:latest`, 'repo=busybox')
  id = (await service.ask('GET', '/images/busybox/json')).json().Id
})

const tag = (from: string, to: string): Promise<Answer> =>
  service.ask('POST', `/images/${from}/tag?${to}`)
const listed = async (query = '', version = '1.51') =>
  (await service.ask('GET', `/v${version}/images/json?${query}`)).json()

describe('the list', () => {
  test('has one document per image, with all its names', async () => {
    const [image, ...others] = await listed()
    expect(others).toEqual([])
    expect(image).toMatchObject({
      Containers: 0,
      Created: 1704067200,
      Id: id,
      Labels: { 'org.example.fixture': 'busybox' },
      ParentId: '',
      RepoTags: [`${name}:latest`, 'busybox:latest'],
      RepoDigests: [expect.stringMatching(/busybox@sha256:[0-9a-f]{64}$/)],
      SharedSize: -1,
      Descriptor: { mediaType: expect.stringMatching(/manifest/), digest: expect.any(String) },
    })
    expect(image.Size).toBeGreaterThan(1_000_000)
  })

  test('has the members that clients of each version know', async () => {
    const members = async (version: string, query = '') =>
      Object.keys((await listed(query, version))[0]).sort()
    const always = ['Containers', 'Created', 'Id', 'Labels', 'ParentId', 'RepoDigests', 'RepoTags']
    expect(await members('1.24')).toEqual([...always, 'SharedSize', 'Size', 'VirtualSize'].sort())
    expect(await members('1.44')).toEqual([...always, 'SharedSize', 'Size'].sort())
    expect(await members('1.46', 'manifests=1')).not.toContain('Manifests')
    expect(await members('1.47', 'manifests=1')).toContain('Manifests')
    expect((await listed('', '1.50'))[0].Containers).toBe(-1)
  })

  test('tells each manifest to who asks', async () => {
    const [{ Manifests, Descriptor, Size }] = await listed('manifests=1')
    expect(Manifests).toEqual([
      {
        ID: Descriptor.digest,
        Descriptor: { ...Descriptor, platform: { architecture: 'amd64', os: 'linux' } },
        Available: true,
        Size: { Content: expect.any(Number), Total: expect.any(Number) },
        Kind: 'image',
        ImageData: {
          Platform: { architecture: 'amd64', os: 'linux' },
          Containers: [],
          Size: { Unpacked: Size },
        },
      },
    ])
  })

  test('counts containers, and bytes that images share', async () => {
    await world.lighter(['create', '--name', 'box', 'busybox'])
    expect(await listed('shared-size=1')).toMatchObject([{ Containers: 1, SharedSize: 0 }])
    await world.lighter(['rm', 'box'])
    expect(await listed()).toMatchObject([{ Containers: 0 }])
  })

  test.each([
    [{ reference: ['busy*'] }, [['busybox:latest']]],
    [{ reference: { 'nosuch:*': true } }, []],
    [{ label: ['org.example.fixture=busybox'] }, 1],
    [{ label: ['org.example.fixture=other'] }, []],
    [{ dangling: ['true'] }, []],
    [{ since: ['busybox'] }, []],
    [{ until: ['2024-06-01'] }, 1],
    [{ until: ['2023-06-01'] }, []],
  ])('%j', async (filters, expected) => {
    const found = await listed(`filters=${FILTERS(filters)}`)
    if (typeof expected === 'number') expect(found).toHaveLength(expected)
    else expect(found.map(({ RepoTags }: { RepoTags: string[] }) => RepoTags)).toEqual(expected)
  })

  test('`filter` of old clients', async () => {
    expect(await listed('filter=busybox', '1.40')).toMatchObject([{ RepoTags: ['busybox:latest'] }])
    expect((await listed('filter=busybox', '1.41'))[0].RepoTags).toHaveLength(2)
  })

  test.each([
    [FILTERS({ nosuch: ['x'] }), "invalid filter 'nosuch'"],
    [FILTERS({ dangling: ['maybe'] }), "invalid filter 'dangling=[maybe]'"],
    [FILTERS([]), 'invalid filter'],
    [FILTERS({ label: 1 }), 'invalid filter'],
    [FILTERS({ since: ['nosuch'] }), 'No such image: nosuch:latest'],
  ])('refuses %s', async (filters, message) => {
    const answer = await service.ask('GET', `/images/json?filters=${filters}`)
    expect(refusal(answer)).toEqual([message.startsWith('No such') ? 404 : 400, message])
  })
})

describe('one image', () => {
  const inspected = async (version: string, query = '') =>
    (await service.ask('GET', `/v${version}/images/busybox/json${query}`)).json()

  test('is found by names with slashes, ids and their beginnings', async () => {
    for (const text of [`${name}:latest`, encodeURIComponent(name), id, id.slice(7, 19)]) {
      const answer = await service.ask('GET', `/images/${text}/json`)
      expect([answer.status, answer.json().Id]).toEqual([200, id])
    }
  })

  test('has the members that clients of each version know', async () => {
    expect(await inspected('1.43')).toMatchObject({
      ContainerConfig: { Cmd: null },
      VirtualSize: expect.any(Number),
      Config: { Hostname: '', Cmd: ['sh'] },
    })
    const middle = await inspected('1.45')
    expect(middle).toMatchObject({ Config: { AttachStdin: false }, RootFS: { Type: 'layers' } })
    for (const member of ['ContainerConfig', 'VirtualSize', 'Descriptor'])
      expect(middle).not.toHaveProperty(member)
    const newest = await inspected('1.51')
    expect(Object.keys(newest.Config)).toEqual([
      ...['User', 'Env', 'Cmd', 'Volumes', 'WorkingDir', 'Entrypoint', 'OnBuild', 'Labels'],
    ])
    expect(newest.Descriptor.digest).toMatch(/^sha256:/)
    expect(newest).not.toHaveProperty('Manifests')
    expect((await inspected('1.51', '?manifests=1')).Manifests).toHaveLength(1)
  })

  test('for a platform', async () => {
    const platform = (architecture: string) => `?platform=${FILTERS({ os: 'linux', architecture })}`
    expect((await inspected('1.51', platform('amd64'))).Architecture).toBe('amd64')
    expect(await inspected('1.51', platform('arm64'))).toEqual({
      message:
        'image with reference busybox was found but does not match the specified platform: wanted linux/arm64, actual: linux/amd64',
    })
    expect(await inspected('1.51', `${platform('amd64')}&manifests=1`)).toEqual({
      message: 'conflicting options: manifests and platform options cannot both be set',
    })
    expect(await inspected('1.51', '?platform=linux/amd64')).toEqual({
      message: expect.stringMatching(/^failed to parse platform: /),
    })
    expect(await inspected('1.51', `?platform=${FILTERS({ os: 'linux' })}`)).toEqual({
      message: 'both OS and Architecture must be provided',
    })
  })

  test('has a history', async () => {
    const answer = await service.ask('GET', '/images/busybox/history')
    expect(answer.json()).toEqual([
      {
        Comment: '',
        Created: 1704067200,
        CreatedBy: 'layer 1',
        Id: id,
        Size: expect.any(Number),
        Tags: [`${name}:latest`, 'busybox:latest'],
      },
      expect.objectContaining({ CreatedBy: 'layer 0', Id: '<missing>', Tags: null }),
    ])
  })

  test.each([
    ['GET', '/images/nosuch/json', 404, 'No such image: nosuch:latest'],
    ['GET', '/images/nosuch/history', 404, 'No such image: nosuch:latest'],
    ['DELETE', '/images/nosuch', 404, 'No such image: nosuch:latest'],
    ['GET', '/images/nosuch/get', 404, 'No such image: nosuch'],
    ['GET', '/images/nosuch:x/get', 404, 'reference does not exist'],
    [
      'GET',
      '/images/NOSUCH/json',
      400,
      'invalid reference format: repository name (library/NOSUCH) must be lowercase',
    ],
    ['POST', '/images/nosuch/tag?repo=a', 404, 'No such image: nosuch:latest'],
    ['POST', '/images/busybox/tag?repo=a&tag=b@c', 400, 'invalid tag format'],
    ['POST', '/images/busybox/tag', 400, 'invalid reference format'],
    ['POST', '/images/busybox/tag?repo=A/..', 400, 'invalid reference format'],
  ])('%s %s: %i', async (method, path, status, message) => {
    expect(refusal(await service.ask(method, path))).toEqual([status, message])
  })
})

describe('names', () => {
  test('are given, the tag before one in the name, and taken', async () => {
    expect((await tag('busybox', 'repo=some/one:x&tag=two')).status).toBe(201)
    expect((await service.ask('GET', '/images/some/one:two/json')).json().Id).toBe(id)
    const removed = await service.ask('DELETE', '/images/some/one:two')
    expect([removed.status, removed.json()]).toEqual([200, [{ Untagged: 'some/one:two' }]])
  })

  test('of an image with a container are kept without force', async () => {
    await world.lighter(['create', '--name', 'box', 'busybox'])
    const conflict = await service.ask('DELETE', `/images/${id}`)
    expect(refusal(conflict)).toEqual([
      409,
      expect.stringMatching(/^conflict: unable to delete \w+ \(must be forced\)/),
    ])
    await world.lighter(['rm', 'box'])
  })

  test('are taken by prune, all with dangling=false', async () => {
    await tag('busybox', 'repo=doomed')
    const nothing = await service.ask('POST', '/images/prune')
    expect(nothing.json()).toEqual({ ImagesDeleted: null, SpaceReclaimed: 0 })
    const bad = await service.ask('POST', `/images/prune?filters=${FILTERS({ nosuch: ['x'] })}`)
    expect(refusal(bad)).toEqual([400, "invalid filter 'nosuch'"])
    const filters = { dangling: ['false'], label: ['org.example.fixture'] }
    const pruned = (await service.ask('POST', `/images/prune?filters=${FILTERS(filters)}`)).json()
    expect(pruned.ImagesDeleted).toEqual(
      expect.arrayContaining([{ Untagged: 'doomed:latest' }, { Deleted: id }]),
    )
    expect(pruned.SpaceReclaimed).toBeGreaterThan(1_000_000)
    expect(await listed()).toEqual([])
  })
})
