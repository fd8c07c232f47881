import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { bcrypt, type Server, startRegistryWith, writeAs } from '../helpers/registries.ts'
import { makeWorld, type World } from '../helpers/world.ts'

/** Layers that their registry does not have, because their manifest says where else they are. */
const own = `foreign-layers-${process.pid}`
const PASSWORD = 'correct horse'
const basic = `Basic ${Buffer.from(`tester:${PASSWORD}`).toString('base64')}`
const DOCKER = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip'
const OCI = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip'
const works = { exitCode: 0, stderr: '' }

type Blob = { mediaType: string; digest: string; size: number; urls?: string[] }
type Manifest = { mediaType: string; config: Blob; layers: Blob[] }

let world: World
let registry: Server
/** Has the layers that are elsewhere; what it says is up to each test. */
let elsewhere: Server
let answer: (request: IncomingMessage, response: ServerResponse) => void
let asked: { url: string; headers: IncomingMessage['headers'] }[]
/** What a registry has under the two tags of busybox, and the bytes of its topmost layer. */
let manifests: { docker: Manifest; oci: Manifest }
let bytes: Buffer

const sha256 = (content: Buffer | string) =>
  `sha256:${createHash('sha256').update(content).digest('hex')}`
const lighter = (...args: string[]) => world.lighter(args)
const url = (path: string) => `http://${elsewhere.host}${path}`
const image = (tag: string) => `${registry.host}/${own}:${tag}`
const ask = (path: string, options: RequestInit = {}) =>
  fetch(`http://${registry.host}/v2/${path}`, {
    ...options,
    headers: { authorization: basic, ...(options.headers as Record<string, string>) },
  })

/** Gives the registry an image whose topmost layer is only at these addresses; returns its manifest. */
async function put(tag: string, mediaType: string, urls: string[]): Promise<string> {
  const base = mediaType === DOCKER ? manifests.docker : manifests.oci
  const rest = base.layers.slice(0, -1)
  const top = base.layers.at(-1) as Blob
  for (const { digest } of [base.config, ...rest])
    await ask(`${own}/blobs/uploads/?mount=${digest}&from=busybox`, { method: 'POST' })
  const layers = [...rest, { ...top, mediaType, urls }]
  const body = JSON.stringify({ ...base, layers })
  const headers = { 'content-type': base.mediaType }
  const { status } = await ask(`${own}/manifests/${tag}`, { method: 'PUT', headers, body })
  expect(status).toBe(201)
  expect((await ask(`${own}/blobs/${top.digest}`, { method: 'HEAD' })).status).toBe(404)
  return body
}

const serve = (content: Buffer) => (request: IncomingMessage, response: ServerResponse) => {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  const range = { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` }
  response.writeHead(from > 0 ? 206 : 200, from > 0 ? range : {}).end(content.subarray(from))
}

beforeAll(async () => {
  const htpasswd = join(inject('work'), `${own}-htpasswd`)
  writeFileSync(htpasswd, `tester:${bcrypt(PASSWORD)}\n`)
  registry = await startRegistryWith(`auth:
  htpasswd: { realm: tests, path: ${htpasswd} }
validation:
  manifests: { urls: { allow: ['.*'] } }`)
  const server = createServer((request, response) => {
    asked.push({ url: request.url ?? '', headers: request.headers })
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const stop = () => new Promise<void>((resolve) => server.close(() => resolve()))
  elsewhere = { host: `localhost:${port}`, stop }
  const inspect = (tag: string): Manifest =>
    JSON.parse(
      execFileSync(
        'skopeo',
        ['inspect', '--raw', '--tls-verify=false', `docker://${inject('registry')}/busybox:${tag}`],
        { encoding: 'utf8' },
      ),
    )
  manifests = { docker: inspect('schema2'), oci: inspect('latest') }
  const top = manifests.oci.layers.at(-1) as Blob
  const blob = await fetch(`http://${inject('registry')}/v2/busybox/blobs/${top.digest}`)
  bytes = Buffer.from(await blob.arrayBuffer())
})
afterAll(async () => {
  await elsewhere?.stop()
  await registry?.stop()
})
beforeEach(() => {
  world = makeWorld('foreign-layers')
  asked = []
  answer = serve(bytes)
  const auth = Buffer.from(`tester:${PASSWORD}`).toString('base64')
  // Credentials for the other server, too: they are not for what a manifest leads to.
  const auths = { [registry.host]: { auth }, [elsewhere.host]: { auth } }
  writeAs(world.ids, join(world.home, '.docker/config.json'), JSON.stringify({ auths }))
})
afterEach(() => world.remove())

describe.each([
  ["Docker's type", DOCKER],
  ["OCI's type", OCI],
])('%s', (_, mediaType) => {
  const tag = mediaType === DOCKER ? 'docker' : 'oci'

  test('is fetched from where the manifest says, without any permission', async () => {
    const place = url('/layer').replace('//', '//user:secret@')
    await put(tag, mediaType, [url('/not-here'), place])
    answer = (request, response) =>
      request.url === '/layer' ? serve(bytes)(request, response) : response.writeHead(404).end()
    expect(await lighter('pull', '-q', image(tag))).toMatchObject(works)
    expect(asked.map((request) => request.url)).toEqual(['/not-here', '/layer'])
    for (const { headers } of asked) expect(headers.authorization).toBeUndefined()
    const run = ['run', '--rm', '--network', 'none', image(tag), 'cat', '/etc/from-second-layer']
    expect(await lighter(...run)).toEqual({ ...works, stdout: 'second\n' })
  })

  test('is skipped by a push, and stays what it is through save, load and commit', async () => {
    const manifest = await put(tag, mediaType, [url('/layer')])
    await lighter('pull', '-q', image(tag))
    const archive = join(world.home, 'image.tar')
    expect(await lighter('save', '-o', archive, image(tag))).toMatchObject(works)
    expect(await lighter('rmi', image(tag))).toMatchObject(works)
    expect(await lighter('load', '-q', '-i', archive)).toMatchObject(works)
    const blob = join(world.data, 'blobs/sha256', sha256(manifest).slice('sha256:'.length))
    expect(readFileSync(blob, 'utf8')).toBe(manifest)
    const copy = `${registry.host}/${own}-copy:${tag}`
    await lighter('tag', image(tag), copy)
    const push = await lighter('push', copy)
    expect(push).toMatchObject(works)
    expect(push.stdout).toMatch(/^[0-9a-f]{12}: Skipped foreign layer$/m)
    expect(push.stdout).toContain(`${tag}: digest: ${sha256(manifest)} size:`)
    const top = manifests.oci.layers.at(-1) as Blob
    expect((await ask(`${own}-copy/blobs/${top.digest}`, { method: 'HEAD' })).status).toBe(404)
    // What is made upon it says where it is, too.
    await lighter('run', '--name', 'maker', '--network', 'none', copy, 'touch', '/made')
    expect(await lighter('commit', 'maker', `${registry.host}/${own}-made:${tag}`)).toMatchObject(
      works,
    )
    expect(await lighter('push', '-q', `${registry.host}/${own}-made:${tag}`)).toMatchObject(works)
    const made = (await (
      await ask(`${own}-made/manifests/${tag}`, {
        headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
      })
    ).json()) as Manifest
    expect(made.layers.at(-2)).toEqual({ ...top, mediaType: OCI, urls: [url('/layer')] })
  })
})

describe('who has it', () => {
  test('may lead elsewhere, a few times', async () => {
    await put('moved', OCI, [url('/moved')])
    answer = (request, response) => {
      if (request.url === '/layer') return serve(bytes)(request, response)
      return response
        .writeHead(302, { location: request.url === '/moved' ? '/next' : '/layer' })
        .end()
    }
    expect(await lighter('pull', '-q', image('moved'))).toMatchObject(works)
    expect(asked.map((request) => request.url)).toEqual(['/moved', '/next', '/layer'])
  })

  test.each<[string, typeof answer, string]>([
    [
      'in circles',
      (_request, response) => response.writeHead(302, { location: '/again' }).end(),
      'redirects too often',
    ],
    [
      'to a file',
      (_request, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
      'redirects to where we must not go',
    ],
    [
      'to nothing',
      (_request, response) => response.writeHead(403).end(),
      'unexpected status code: 403',
    ],
    [
      'to other bytes',
      (request, response) => serve(Buffer.alloc(bytes.length))(request, response),
      'filesystem layer verification failed',
    ],
    [
      'to more bytes',
      (request, response) => serve(Buffer.concat([bytes, bytes]))(request, response),
      'is longer than the manifest says',
    ],
  ])('leads %s: one sentence, and nothing stays', async (_, given, words) => {
    await put('bad', OCI, [url('/bad')])
    answer = given
    const { exitCode, stderr } = await lighter('pull', '-q', image('bad'))
    expect(exitCode).toBe(1)
    expect(stderr).toContain(words)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect((await lighter('images', '-aq')).stdout).toBe('')
  })

  test('is not asked when it is blocked, or has no address on the web', async () => {
    await put('blocked', OCI, [url('/layer')])
    const conf = `[[registry]]\nprefix = "${elsewhere.host}"\nblocked = true\n`
    writeAs(world.ids, join(world.home, '.config/containers/registries.conf'), conf)
    const { exitCode, stderr } = await lighter('pull', '-q', image('blocked'))
    expect({ exitCode, asked }).toEqual({ exitCode: 1, asked: [] })
    expect(stderr).toContain(`registry ${elsewhere.host} is blocked`)
  })

  test('is not asked for what the registry has', async () => {
    await put('both', OCI, [url('/layer')])
    const top = manifests.oci.layers.at(-1) as Blob
    const repository = `${own}-both`
    for (const { digest } of [manifests.oci.config, ...manifests.oci.layers])
      await ask(`${repository}/blobs/uploads/?mount=${digest}&from=busybox`, { method: 'POST' })
    const layers = [
      ...manifests.oci.layers.slice(0, -1),
      { ...top, mediaType: OCI, urls: [url('/layer')] },
    ]
    const headers = { 'content-type': manifests.oci.mediaType }
    const body = JSON.stringify({ ...manifests.oci, layers })
    await ask(`${repository}/manifests/1`, { method: 'PUT', headers, body })
    expect(await lighter('pull', '-q', `${registry.host}/${repository}:1`)).toMatchObject(works)
    expect(asked).toEqual([])
    expect(existsSync(join(world.data, 'downloads', `${top.digest.slice(7)}.partial`))).toBe(false)
  })
})
