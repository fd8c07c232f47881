import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { makeArchive } from '../fixtures/archive.ts'
import { type ImageRecipe, writeImageLayout } from '../fixtures/image-layout.ts'
import { remainsIn } from '../helpers/leftovers.ts'
import { pushLayout, type Registry, startRegistry } from '../helpers/registry.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const archive = makeArchive([{ path: 'file', data: 'one layer\n'.repeat(5000) }])

let registry: Registry
let world: World

beforeAll(async () => {
  const directory = join(inject('work'), 'same-layer')
  mkdirSync(directory)
  registry = await startRegistry(directory)
  push('gzip', 'gzip')
  push('zstd', 'zstd')
  push('plain', 'none')
})
afterAll(() => registry.stop())

beforeEach(() => {
  world = makeWorld('same-layer')
})
afterEach(() => world.remove())

/** All of them have the same layer, packed in another way. */
function push(name: string, compression: NonNullable<ImageRecipe['compression']>): void {
  const layout = join(inject('work'), `layout-same-${name}`)
  writeImageLayout(layout, { layers: [archive], compression, config: { Cmd: ['/file'] } })
  // Else skopeo would compress the plain one.
  pushLayout(layout, registry.host, `${name}:latest`, ['--preserve-digests'])
}

const image = (name: string, tag = 'latest'): string => `${registry.host}/${name}:${tag}`

async function readManifest(name: string) {
  const url = `http://${registry.host}/v2/${name}/manifests/latest`
  const answer = await fetch(url, { headers: { accept: MANIFEST } })
  return (await answer.json()) as { layers: { digest: string; size: number }[] }
}

const list = (folder: string): string[] => readdirSync(join(world.data, folder)).sort()

describe('a bad blob of a layer whose tree is there already', () => {
  beforeEach(async () => {
    expect((await world.lighter(['pull', '-q', image('gzip')])).exitCode).toBe(0)
  })

  /** The download failed where nobody read its bytes: the error ended the program with a stack trace. */
  async function expectRefusal(tag: string, pattern: RegExp): Promise<void> {
    const before = { layers: list('layers'), refs: list('refs') }
    const reference = image('zstd', tag)
    for (const [command, code] of [
      [['run', '--rm', '--network', 'none', reference], 125],
      [['pull', '-q', reference], 1],
    ] as const) {
      const { stderr, exitCode } = await world.lighter([...command])
      expect(stderr).toMatch(pattern)
      expect(stderr).not.toMatch(/^\s+at .*:\d+|node:|Unhandled/m)
      expect(exitCode).toBe(code)
    }
    expect(remainsIn(world.data)).toEqual([])
    expect({ layers: list('layers'), refs: list('refs') }).toEqual(before)
    expect(list('downloads').filter((file) => file.endsWith('.owner'))).toEqual([])
    expect((await world.lighter(['images', '-q'])).stdout.trim().split('\n')).toHaveLength(1)
  }

  test('with other bytes, and pulled once it is mended', async () => {
    const [layer] = (await readManifest('zstd')).layers
    const hex = layer?.digest.slice(7) ?? ''
    const blobs = join(registry.storage, 'docker/registry/v2/blobs/sha256')
    const file = join(blobs, hex.slice(0, 2), hex, 'data')
    const whole = readFileSync(file)
    const bad = Buffer.from(whole)
    bad.writeUInt8(bad.readUInt8(bad.length >> 1) ^ 1, bad.length >> 1)
    writeFileSync(file, bad)
    try {
      await expectRefusal('latest', /filesystem layer verification failed for digest sha256:\w+/)
    } finally {
      writeFileSync(file, whole)
    }
    expect((await world.lighter(['pull', '-q', image('zstd')])).exitCode).toBe(0)
  })

  test.each([
    ['smaller', -1, /sha256:\w+ is longer than the manifest says/],
    ['larger', 1, /unexpected EOF/],
  ])('%s by the manifest than it is', async (tag, change, pattern) => {
    const manifest = await readManifest('zstd')
    for (const layer of manifest.layers) layer.size += change
    const body = JSON.stringify(manifest)
    const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`
    const put = (reference: string) =>
      fetch(`http://${registry.host}/v2/zstd/manifests/${reference}`, {
        method: 'PUT',
        headers: { 'content-type': MANIFEST },
        body,
      })
    expect((await put(digest)).status).toBe(201)
    expect((await put(tag)).status).toBe(201)
    await expectRefusal(tag, pattern)
  })
})

describe('a layer whose blob is not compressed', () => {
  // Blob and tree have the same name then: they were moved to the same place.
  test.each([
    ['rmi', ['rmi', 'plain', 'gzip']],
    ['system prune', ['system', 'prune', '-af']],
  ])('is removed by %s', async (_, command) => {
    for (const name of ['plain', 'gzip']) {
      expect((await world.lighter(['pull', '-q', image(name)])).exitCode).toBe(0)
    }
    const args = command.map((word) => (['plain', 'gzip'].includes(word) ? image(word) : word))
    const outcome = await world.lighter(args)
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' })
    for (const name of ['plain', 'gzip']) {
      expect(outcome.stdout.toLowerCase()).toContain(`untagged: ${image(name)}`)
    }
    for (const folder of ['blobs/sha256', 'layers', 'refs', 'tmp']) {
      expect([folder, list(folder)]).toEqual([folder, []])
    }
  })
})
