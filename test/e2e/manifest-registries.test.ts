import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Intercept, isBlob, startFront } from '../helpers/front.ts'
import { bcrypt, makeAuthority, startRegistryWith } from '../helpers/registries.ts'
import { digestOf, fetchAll, raw } from '../helpers/skopeo.ts'
import { makeWorld, type World } from '../helpers/world.ts'

/** Repositories of this test alone: other tests use the registry, too. */
const own = `manifest-registries-${process.pid}`
const registry = inject('registry')
const busybox = `${registry}/busybox:latest`
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
  world = makeWorld('manifest-registries')
})
afterAll(() => world.remove())

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
