import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { makeArchive } from '../fixtures/archive.ts'
import { digestOf, MANIFEST } from '../fixtures/bad-images.ts'
import { writeImageLayout } from '../fixtures/image-layout.ts'
import { pushLayout } from '../helpers/registry.ts'
import { makeWorld, type World } from '../helpers/world.ts'

/** Repositories of this test alone: other tests use the registry, too. */
const own = `beside-skopeo-${process.pid}`
const registry = inject('registry')
const CONFIG = 'application/vnd.oci.image.config.v1+json'

let world: World
beforeAll(() => {
  world = makeWorld('beside-skopeo')
})
afterAll(() => world.remove())

async function said(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await world.lighter(args)
  expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: '' })
  return stdout
}

const rawOf = (name: string): Buffer =>
  execFileSync('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${registry}/${name}`])

async function upload(
  repository: string,
  bytes: Buffer,
): Promise<{ digest: string; size: number }> {
  const begun = await fetch(`http://${registry}/v2/${repository}/blobs/uploads/`, {
    method: 'POST',
  })
  const url = new URL(begun.headers.get('location') ?? '')
  url.searchParams.set('digest', digestOf(bytes))
  expect((await fetch(url, { method: 'PUT', body: new Uint8Array(bytes) })).status).toBe(201)
  return { digest: digestOf(bytes), size: bytes.length }
}

async function putManifest(repository: string, reference: string, body: string): Promise<void> {
  const url = `http://${registry}/v2/${repository}/manifests/${reference}`
  const headers = { 'content-type': MANIFEST }
  expect((await fetch(url, { method: 'PUT', headers, body })).status).toBe(201)
}

describe('one image, pushed by both', () => {
  test.each([
    ['OCI, gzip', 'gzip', []],
    ['OCI, zstd', 'zstd', []],
    ['Docker', 'gzip', ['--format', 'v2s2']],
  ] as const)('%s: the same digest, byte for byte', async (_, compression, options) => {
    const format = options.length > 0 ? 'docker' : compression
    const layout = join(inject('work'), `layout-${own}-${format}`)
    const layers = [1, 2].map((index) =>
      makeArchive([{ path: `f${index}`, data: `${format} ${index}\n`.repeat(9000) }]),
    )
    writeImageLayout(layout, { layers, compression, config: { Cmd: ['/f1'] } })
    pushLayout(layout, registry, `${own}/${format}-skopeo:v1`, [...options])
    await said('pull', '-q', `${registry}/${own}/${format}-skopeo:v1`)
    const name = `${own}/${format}-lighter:v1`
    await said('tag', `${registry}/${own}/${format}-skopeo:v1`, `${registry}/${name}`)
    const pushed = await said('push', `${registry}/${name}`)
    const theirs = rawOf(`${own}/${format}-skopeo:v1`)
    expect(rawOf(name).equals(theirs)).toBe(true)
    expect(pushed).toContain(`v1: digest: ${digestOf(theirs)} size: ${theirs.length}\n`)
    // Everything that it names is there, as skopeo finds it.
    const copy = join(inject('work'), `copy-${own}-${format}`)
    const from = ['--src-tls-verify=false', `docker://${registry}/${name}`, `dir:${copy}`]
    execFileSync('skopeo', ['--insecure-policy', 'copy', '-q', ...from])
    expect(readFileSync(join(copy, 'manifest.json')).equals(theirs)).toBe(true)
  })
})

describe('what stands beside an image', () => {
  test('members of a manifest that we know nothing of stay through pull and push', async () => {
    const repository = `${own}/subject`
    const archive = makeArchive([{ path: 'file', data: 'content\n' }])
    const layer = await upload(repository, archive)
    const config = await upload(
      repository,
      Buffer.from(
        JSON.stringify({
          ...{ architecture: 'amd64', os: 'linux', config: {}, 'x-unknown': [1, 2] },
          rootfs: { type: 'layers', diff_ids: [layer.digest] },
        }),
      ),
    )
    const annotations = { 'org.example.kept': 'as it is' }
    const body = `${JSON.stringify(
      {
        ...{ schemaVersion: 2, mediaType: MANIFEST, artifactType: 'application/vnd.example' },
        config: { mediaType: CONFIG, ...config },
        layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer, annotations }],
        subject: { mediaType: MANIFEST, digest: `sha256:${'1'.repeat(64)}`, size: 7 },
        annotations,
      },
      null,
      3,
    )}\n`
    await putManifest(repository, 'v1', body)
    await said('pull', '-q', `${registry}/${repository}:v1`)
    await said('tag', `${registry}/${repository}:v1`, `${registry}/${repository}-copy:v1`)
    await said('push', '-q', `${registry}/${repository}-copy:v1`)
    expect(rawOf(`${repository}-copy:v1`).toString()).toBe(body)
  })

  test('referrers of a registry without their own interface are left alone', async () => {
    const repository = `${own}/referrers`
    const layout = join(inject('work'), `layout-${own}-referrers`)
    const archive = makeArchive([{ path: 'file', data: 'with referrers\n' }])
    writeImageLayout(layout, { layers: [archive], config: {} })
    pushLayout(layout, registry, `${repository}:v1`, ['--preserve-digests'])
    const image = rawOf(`${repository}:v1`)
    const empty = await upload(repository, Buffer.from('{}'))
    const artifact = JSON.stringify({
      ...{ schemaVersion: 2, mediaType: MANIFEST, artifactType: 'application/vnd.example' },
      config: { mediaType: 'application/vnd.oci.empty.v1+json', ...empty },
      layers: [{ mediaType: 'text/plain', ...empty }],
      subject: { mediaType: MANIFEST, digest: digestOf(image), size: image.length },
    })
    const tag = digestOf(image).replace(':', '-')
    await putManifest(repository, tag, artifact)
    await said('pull', '-q', `${registry}/${repository}:v1`)
    await said('push', '-q', `${registry}/${repository}:v1`)
    expect(rawOf(`${repository}:${tag}`).toString()).toBe(artifact)
    // It is no image of a container, and says so.
    const refused = await world.lighter(['pull', `${registry}/${repository}:${tag}`])
    expect(refused).toMatchObject({
      exitCode: 1,
      stderr: 'unsupported media type application/vnd.oci.empty.v1+json\n',
    })
  })
})
