import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BadRegistry, startBadRegistry } from '../helpers/bad-registry.ts'
import { memoryOf } from '../helpers/memory.ts'
import { makeWorld, type World } from '../helpers/world.ts'

/** All that an index lists is kept until it is printed: an index of a few kB may lead to any number of large documents. */
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const INDEX = 'application/vnd.oci.image.index.v1+json'
const CONFIG = 'application/vnd.oci.image.config.v1+json'
const LARGE = 3_900_000

let registry: BadRegistry
let world: World

beforeAll(async () => {
  const blobs = new Map<string, Buffer>()
  const put = (mediaType: string, value: unknown, length = 0) => {
    const bytes = Buffer.from(JSON.stringify(value).padEnd(length))
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    blobs.set(digest, bytes)
    return { mediaType, digest, size: bytes.length }
  }
  const member = (variant: number, sizes: { manifest?: number; config?: number }) => {
    const platform = { os: 'linux', architecture: 'arm', variant: `v${variant}` }
    const config = put(CONFIG, { ...platform, rootfs: { diff_ids: [] } }, sizes.config)
    const document = { schemaVersion: 2, mediaType: MANIFEST, config, layers: [] }
    return { ...put(MANIFEST, document, sizes.manifest), platform }
  }
  const index = (count: number, sizes: { manifest?: number; config?: number }) => {
    const manifests = Array.from({ length: count }, (_, variant) => member(variant, sizes))
    return {
      body: JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }),
      mediaType: INDEX,
    }
  }
  const repositories = {
    'large-manifests': index(10, { manifest: LARGE }),
    'large-configs': index(10, { config: LARGE }),
    'many-platforms': index(200, {}),
  }
  registry = await startBadRegistry({ repositories, blobs })
  world = makeWorld('manifest-memory')
})
afterAll(async () => {
  await registry.stop()
  await world.remove()
})

const VERBOSE = ['manifest', 'inspect', '--insecure', '-v']
const IMAGETOOLS = ['buildx', 'imagetools', 'inspect', '--format', '{{json .}}']

test.each([
  [VERBOSE, 'large-manifests'],
  [IMAGETOOLS, 'large-manifests'],
  [IMAGETOOLS, 'large-configs'],
])('%j of %s is refused in one sentence', async (command, name) => {
  const { exitCode, stdout, stderr, most } = await memoryOf(
    world.start([...command, `${registry.host}/${name}`]),
  )
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
  expect(stderr).toMatch(
    /^[^\n]*the manifests and configurations of [^\n]* have more than 33554432 bytes[^\n]*\n$/,
  )
  expect(most).toBeGreaterThan(20_000)
  expect(most).toBeLessThan(400_000)
})

test.each([VERBOSE, IMAGETOOLS])('%s %s … shows many platforms', async (...command) => {
  const { exitCode, stdout } = await world.lighter([
    ...command.flat(),
    `${registry.host}/many-platforms`,
  ])
  expect(exitCode).toBe(0)
  expect(stdout.match(/v199/g)?.length).toBeGreaterThan(0)
})

test('configurations are looked at one after the other where only their platform is told', async () => {
  const { exitCode, most } = await memoryOf(
    world.start([...VERBOSE, `${registry.host}/large-configs`]),
  )
  expect(exitCode).toBe(0)
  expect(most).toBeLessThan(400_000)
})
