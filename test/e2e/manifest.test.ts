import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Intercept, isBlob, startFront } from '../helpers/front.ts'
import { bcrypt, makeAuthority, startRegistryWith } from '../helpers/registries.ts'
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

/** A manifest as the registry has it, byte by byte, asked by another program. */
const raw = (name: string): string =>
  execFileSync('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${name}`], {
    encoding: 'utf8',
  })

const digestOf = (text: string): string =>
  `sha256:${createHash('sha256').update(text).digest('hex')}`

/** Another program fetches everything that a list refers to, and checks it. */
function fetchAll(name: string): void {
  const directory = mkdtempSync(join(inject('work'), 'list-'))
  const source = ['--src-tls-verify=false', `docker://${name}`]
  execFileSync('skopeo', [
    '--insecure-policy',
    'copy',
    '-q',
    '--all',
    ...source,
    `dir:${directory}`,
  ])
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

describe('blobs of members', () => {
  /** Pushes a list over a front, whose registry takes nothing over from other repositories by itself. */
  async function pushOver(name: string, intercept: Intercept) {
    const front = await startFront(registry, (request, response, forward) => {
      if (request.url?.includes('mount=')) return void response.writeHead(405).end()
      intercept(request, response, forward)
    })
    try {
      const list = `${front.host}/${own}/${name}:v1`
      await said('create', list, `${front.host}/busybox`, `${front.host}/busybox:arm64`)
      return { ...(await manifest('push', '--purge', list)), seen: front.seen }
    } finally {
      await front.stop()
    }
  }

  test('are taken over by the registry where it does that', async () => {
    const front = await startFront(registry, (_request, _response, forward) => forward())
    try {
      const list = `${front.host}/${own}/mounted:v1`
      await said('create', list, `${front.host}/busybox`, `${front.host}/busybox:arm64`)
      const before = front.seen.length
      await said('push', '--purge', list)
      const asked = front.seen.slice(before)
      expect(asked.filter(({ path }) => path.includes('mount=')).length).toBeGreaterThan(2)
      expect(asked.filter(({ path }) => path.includes('/blobs/sha256:'))).toEqual([])
    } finally {
      await front.stop()
    }
    fetchAll(`${registry}/${own}/mounted:v1`)
  })

  test('that cannot be taken over are copied', async () => {
    const { exitCode, stderr } = await pushOver('copied', (_request, _response, forward) =>
      forward(),
    )
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    fetchAll(`${registry}/${own}/copied:v1`)
  })

  test('that come wrong are given to nobody', async () => {
    const { exitCode, stdout, stderr, seen } = await pushOver(
      'wrong',
      (request, _response, forward) => {
        if (request.method !== 'GET' || !isBlob(request)) return forward()
        forward((piece, offset) =>
          offset === 0 && piece.length > 1000
            ? Buffer.concat([Buffer.from('x'), piece.subarray(1)])
            : piece,
        )
      },
    )
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toMatch(
      /^failed to mount blob busybox@sha256:\w+ to .*: blob sha256:\w+ does not match its digest\n$/,
    )
    expect(
      seen.filter(({ method, path }) => method === 'PUT' && path.includes('/manifests/')),
    ).toEqual([])
  })

  test('that break off are fetched on', async () => {
    let broken = 0
    const { exitCode, stderr, seen } = await pushOver('broken', (request, response, forward) => {
      if (request.method !== 'GET' || !isBlob(request) || broken > 0) return forward()
      broken += 1
      forward((piece, offset) => {
        if (offset + piece.length < 300_000) return piece
        response.destroy()
        return undefined
      })
    })
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(seen.filter(({ method }) => method === 'GET').length).toBeGreaterThan(0)
    fetchAll(`${registry}/${own}/broken:v1`)
  })
})

describe('a registry', () => {
  test('that sends another manifest than the one asked for is not believed', async () => {
    const digest = digestOf(raw(busybox))
    const front = await startFront(registry, (request, _response, forward) => {
      if (!request.url?.includes('/manifests/')) return forward()
      forward((piece) => Buffer.from(piece.toString().replace('"size":529', '"size":530')))
    })
    try {
      expect(await manifest('create', 'list', `${front.host}/busybox@${digest}`)).toMatchObject({
        exitCode: 1,
        stderr: expect.stringMatching(`^manifest verification failed for digest ${digest}`),
      })
    } finally {
      await front.stop()
    }
  })

  test('that is blocked is not asked', async () => {
    const file = join(world.home, 'registries.conf')
    const blocked = '127.0.0.1:9'
    writeFileSync(file, `[[registry]]\nlocation = "${blocked}"\nblocked = true\n`)
    const env = { CONTAINERS_REGISTRIES_CONF: file }
    for (const words of [
      ['manifest', 'inspect', `${blocked}/x`],
      ['manifest', 'create', 'list', `${blocked}/x`],
      ['buildx', 'imagetools', 'inspect', `${blocked}/x`],
      ['buildx', 'imagetools', 'create', '-t', 'x', `${blocked}/x`],
    ]) {
      const { exitCode, stderr } = await world.lighter(words, { env })
      expect(exitCode).toBe(1)
      expect(stderr).toMatch(
        new RegExp(
          `^(ERROR: )?registry ${blocked} is blocked in ${file}: ${blocked}/x(:latest)?\n$`,
        ),
      )
    }
  })

  const INDEX = '{"schemaVersion":2,"manifests":['
  test.each([
    ['x'.repeat(5_000_000), /answered with more than 4194304 bytes/],
    ['{', /is damaged/],
    ['[]', /is damaged/],
    ['{"schemaVersion":2,"layers":[],"config":{"digest":"sha256:1","size":1}}', /is damaged/],
    [`${INDEX}{"digest":"../../x","size":1}]}`, /is damaged/],
    [`${INDEX}],"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, /^$/],
    [
      `{"schemaVersion":2,"layers":[],"config":{"digest":"${NOTHING}","size":2},"x":${'['.repeat(9000)}${']'.repeat(9000)}}`,
      /nested more than 1000 levels deep/,
    ],
  ])('that sends nonsense is told so (%#)', async (body, sentence) => {
    const front = await startFront(registry, (request, response, forward) => {
      if (!request.url?.includes('/manifests/')) return forward()
      const type = body.includes('layers') ? 'manifest' : 'index'
      response.writeHead(200, { 'content-type': `application/vnd.oci.image.${type}.v1+json` })
      response.end(body)
    })
    try {
      const { stderr } = await manifest('inspect', `${front.host}/busybox`)
      expect(stderr.trimEnd()).toMatch(sentence)
      expect(stderr).not.toContain('internal error')
      const other = await world.lighter([
        'buildx',
        'imagetools',
        'inspect',
        `${front.host}/busybox`,
      ])
      expect(other.stderr).not.toContain('internal error')
      const format = ['--format', '{{json .}}', `${front.host}/busybox`]
      const third = await world.lighter(['buildx', 'imagetools', 'inspect', ...format])
      expect(third.stderr).not.toContain('internal error')
    } finally {
      await front.stop()
    }
  })

  test('that wants a password gets it, for members and for the list', async () => {
    const file = join(world.home, 'htpasswd')
    writeFileSync(file, `tester:${bcrypt('secret words')}\n`)
    const server = await startRegistryWith(`auth:\n  htpasswd: { realm: tests, path: ${file} }`)
    const logIn = (password: string) =>
      world.lighter(['login', '-u', 'tester', '--password-stdin', server.host], { input: password })
    try {
      const name = `${server.host}/${own}/locked:v1`
      expect(await manifest('create', name, `${server.host}/busybox`)).toMatchObject({
        exitCode: 1,
        stderr: `Get "http://${server.host}/v2/busybox/manifests/latest": no basic auth credentials\n`,
      })
      await logIn('secret words')
      await said('create', name, `${server.host}/busybox`)
      await world.lighter(['logout', server.host])
      const { exitCode, stderr } = await manifest('push', name)
      expect(exitCode).toBe(1)
      expect(stderr).toMatch(
        /^failed to mount blob busybox@sha256:\w+ to .*: no basic auth credentials\n$/,
      )
      await logIn('secret words')
      expect(await said('push', '-p', name)).toMatch(/\nsha256:[0-9a-f]{64}\n$/)
    } finally {
      await server.stop()
    }
  })

  test('with a certificate that nobody vouches for is spoken to when that is asked for', async () => {
    const { serverCertificate, serverKey } = makeAuthority()
    const server = await startRegistryWith(
      '',
      `  tls: { certificate: ${serverCertificate}, key: ${serverKey} }\n`,
    )
    try {
      const refused = await manifest('inspect', `${server.host}/busybox`)
      expect(refused.exitCode).toBe(1)
      expect(refused.stderr).toContain('x509: certificate signed by unknown authority')
      const name = `${server.host}/${own}/insecure:v1`
      await said('create', '--insecure', name, `${server.host}/busybox`)
      expect(await said('push', '--insecure', '--purge', name)).toMatch(/^Pushed ref /)
      expect(await said('inspect', '--insecure', name)).toContain('"architecture": "amd64"')
    } finally {
      await server.stop()
    }
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
  }, 60_000)

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
