import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startService, type TestService } from '../helpers/service.ts'
import { makeWorld, type World } from '../helpers/world.ts'

/** What newer versions of the API added and took away, as Docker Engine 28.5 answers in each of them. */

const image = 'lighter/hello'
let world: World
let service: TestService

beforeAll(async () => {
  world = makeWorld('api-versions')
  service = await startService(world)
  const made = await world.lighter(['create', '--name', 'box', image, 'true'])
  expect(made).toMatchObject({ exitCode: 0, stderr: '' })
})
afterAll(async () => {
  expect(service?.log()).toBe('')
  await service?.stop()
  await world?.remove()
})

// biome-ignore lint/suspicious/noExplicitAny: tests look at single members
async function get(version: string, path: string): Promise<any> {
  const { status, text, json } = await service.ask('GET', `/v${version}${path}`)
  expect([status, status === 200 ? '' : text]).toEqual([200, ''])
  return json()
}

describe('GET /info', () => {
  test.each([
    ['1.44', { bridge: true, expected: true, artifacts: true }],
    ['1.48', { bridge: true, expected: true, artifacts: false }],
    ['1.49', { bridge: true, expected: false, artifacts: false }],
    ['1.50', { bridge: false, expected: false, artifacts: false }],
    ['1.51', { bridge: false, expected: false, artifacts: false }],
  ])('%s', async (version, { bridge, expected, artifacts }) => {
    const info = await get(version, '/info')
    expect(['BridgeNfIptables' in info, 'BridgeNfIp6tables' in info]).toEqual([bridge, bridge])
    for (const name of ['ContainerdCommit', 'RuncCommit', 'InitCommit'])
      expect([name, 'Expected' in info[name]]).toEqual([name, expected])
    const { RegistryConfig: registries } = info
    for (const name of ['CIDRs', 'Hostnames'])
      expect(registries[`AllowNondistributableArtifacts${name}`]).toBe(artifacts ? null : undefined)
  })
})

describe('the endpoints of a container', () => {
  const networks = (document: {
    NetworkSettings: { Networks: { bridge: { GwPriority?: number } } }
  }) => document.NetworkSettings.Networks.bridge

  test('their priority is told as of 1.48', async () => {
    for (const [version, told] of [
      ['1.47', undefined],
      ['1.48', 0],
      ['1.51', 0],
    ] as const) {
      const [listed] = await get(version, '/containers/json?all=1')
      const { Containers } = await get(version, '/system/df')
      for (const document of [listed, Containers[0], await get(version, '/containers/box/json')])
        expect(networks(document).GwPriority).toBe(told)
    }
  })
})

test('a container’s image is described as of 1.48', async () => {
  const { Descriptor } = await get('1.51', `/images/${image}/json`)
  expect(Descriptor.digest).toMatch(/^sha256:/)
  const { ImageManifestDescriptor } = await get('1.48', '/containers/box/json')
  expect(ImageManifestDescriptor).toMatchObject({ ...Descriptor, platform: { os: 'linux' } })
  expect(await get('1.47', '/containers/box/json')).not.toHaveProperty('ImageManifestDescriptor')
})
