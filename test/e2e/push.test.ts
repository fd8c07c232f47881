import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Intercept, startFront } from '../helpers/front.ts'
import { bcrypt, startRegistryWith, startTokenServer, writeAs } from '../helpers/registries.ts'
import { makeWorld, type World } from '../helpers/world.ts'

/** Repositories of this test alone: other tests use the registry, too. */
const own = `push-${process.pid}`
const registry = inject('registry')
const busybox = `${registry}/busybox:latest`
const MIB = 1024 * 1024

let world: World

/** What a command says that must succeed. */
async function said(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await world.lighter(args)
  expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: '' })
  return stdout
}

/** What the registry has under a name, asked by another program. */
const skopeo = (name: string, host = registry) =>
  JSON.parse(
    execFileSync('skopeo', ['inspect', '--tls-verify=false', `docker://${host}/${name}`], {
      encoding: 'utf8',
    }),
  )

/** Makes an image whose only layer has so many bytes that do not get smaller. */
async function makeImage(name: string, bytes: number): Promise<void> {
  const script = `head -c ${bytes} /dev/urandom >/blob`
  await said('run', '--name', 'maker', busybox, 'sh', '-c', script)
  await said('commit', 'maker', name)
  await said('rm', 'maker')
}

beforeAll(async () => {
  world = makeWorld('push')
  await said('pull', '-q', busybox)
})
afterAll(() => world.remove())

describe('an image', () => {
  test('goes to the registry as it is, and comes back as it was', async () => {
    const id = (await said('inspect', '-f', '{{.Id}}', busybox)).trim()
    await said('tag', busybox, `${registry}/${own}/copy:v1`)
    const lines = (await said('push', `${registry}/${own}/copy:v1`)).trimEnd().split('\n')
    expect(lines[0]).toBe(`The push refers to repository [${registry}/${own}/copy]`)
    const { Digest, Layers } = skopeo('busybox:latest')
    expect(lines.at(-1)).toMatch(new RegExp(`^v1: digest: ${Digest} size: \\d+$`))
    // Each is taken over from where it came from: the registry has it there.
    expect(lines.filter((line) => / Preparing$/.test(line))).toHaveLength(Layers.length)
    expect(lines.filter((line) => / Mounted from busybox$/.test(line))).toHaveLength(Layers.length)
    expect(skopeo(`${own}/copy:v1`)).toMatchObject({ Digest, Layers })
    expect(
      await said('images', '--digests', '--format', '{{.Digest}}', `${registry}/${own}/copy`),
    ).toContain(Digest)

    const other = makeWorld('push-other')
    try {
      const pulled = await other.lighter(['pull', '-q', `${registry}/${own}/copy:v1`])
      expect(pulled).toMatchObject({ exitCode: 0, stderr: '' })
      const seen = await other.lighter(['inspect', '-f', '{{.Id}}', `${registry}/${own}/copy:v1`])
      expect(seen.stdout.trim()).toBe(id)
    } finally {
      await other.remove()
    }
  })

  test('made here is uploaded; the second time everything is there', async () => {
    await makeImage(`${registry}/${own}/made`, 300_000)
    const first = await said('push', `${registry}/${own}/made`)
    expect(first).toMatch(/^Using default tag: latest\n/)
    expect(first).toMatch(/^[0-9a-f]{12}: Pushed$/m)
    expect(skopeo(`${own}/made:latest`).Layers).toHaveLength(
      skopeo('busybox:latest').Layers.length + 1,
    )
    const second = await said('push', `${registry}/${own}/made`)
    expect(second).not.toMatch(/: (Pushed|Mounted)/)
    expect(second).toMatch(/^[0-9a-f]{12}: Layer already exists$/m)
    expect(await said('push', '-q', `${registry}/${own}/made`)).toBe(
      `${registry}/${own}/made:latest\n`,
    )
  })

  test('with -a all tags of a repository go', async () => {
    for (const tag of ['a', 'b', 'c']) await said('tag', busybox, `${registry}/${own}/tags:${tag}`)
    const text = await said('push', '-a', `${registry}/${own}/tags`)
    expect(text.match(/^[abc]: digest: sha256:/gm)).toEqual(
      ['a', 'b', 'c'].map((tag) => `${tag}: digest: sha256:`),
    )
    expect(skopeo(`${own}/tags:b`).RepoTags.sort()).toEqual(['a', 'b', 'c'])
  })

  test('is recorded as an event', async () => {
    await said('tag', busybox, `${registry}/${own}/event:1`)
    await said('push', '-q', `${registry}/${own}/event:1`)
    const filters = ['--filter', 'event=push', '--filter', `image=${registry}/${own}/event:1`]
    const text = await said('events', '--since', '1h', '--until', '0s', ...filters)
    expect(text).toContain(`image push ${registry}/${own}/event:1 (`)
    expect(text).toContain(`name=${registry}/${own}/event`)
  })

  test.each([
    [['nosuch'], 'An image does not exist locally with the tag: nosuch\n'],
    [[`${registry}/${own}/copy:no`], `tag does not exist: ${registry}/${own}/copy:no\n`],
    [['-a', `${registry}/${own}/copy:v1`], "tag can't be used with --all-tags/-a\n"],
    [[`busybox@sha256:${'0'.repeat(64)}`], 'cannot push a digest reference\n'],
    [['127.0.0.1:1/x/UP'], 'invalid reference format: repository name (x/UP) must be lowercase\n'],
  ])('%j is refused', async (args, stderr) => {
    expect(await world.lighter(['push', ...args])).toMatchObject({ exitCode: 1, stderr })
  })
})

describe('an upload', () => {
  /** What a push over a front says, and the requests it took. */
  async function pushOver(name: string, size: number, intercept: Intercept) {
    const front = await startFront(registry, intercept)
    try {
      await makeImage(`${front.host}/${own}/${name}`, size)
      const outcome = await world.lighter(['push', `${front.host}/${own}/${name}`])
      return { ...outcome, seen: front.seen }
    } finally {
      await front.stop()
    }
  }
  const lengthOf = (request: IncomingMessage): number => Number(request.headers['content-length'])

  test('that is refused in its midst goes on where it was', async () => {
    const pieces: string[] = []
    const intercept: Intercept = (request, response, forward) => {
      if (request.method !== 'PATCH' || !request.headers['content-range']) return forward()
      pieces.push(request.headers['content-range'])
      if (pieces.length !== 2) return forward()
      request.resume()
      request.on('end', () => response.writeHead(503).end())
    }
    const { exitCode, stderr } = await pushOver('resumed', 40 * MIB, intercept)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(pieces).toEqual([
      `0-${32 * MIB - 1}`,
      expect.stringMatching(`^${32 * MIB}-4\\d{7}$`),
      pieces[1],
    ])
    expect(skopeo(`${own}/resumed`).Layers.length).toBeGreaterThan(1)
  })

  test('that breaks, of which the registry can use nothing, begins anew', async () => {
    const sent: number[] = []
    const intercept: Intercept = (request, response, forward) => {
      if (request.method !== 'PATCH' || lengthOf(request) < 2 * MIB) return forward()
      sent.push(lengthOf(request))
      if (sent.length === 1) forwardSome(request, response, 3 * MIB)
      else forward()
    }
    expect(await pushOver('broken', 8 * MIB, intercept)).toMatchObject({ exitCode: 0, stderr: '' })
    expect(sent).toEqual([sent[0], sent[0]])
    expect(skopeo(`${own}/broken`).Layers.length).toBeGreaterThan(1)
  })

  test('of which the registry knows nothing any more begins anew', async () => {
    let lost = false
    const intercept: Intercept = (request, response, forward) => {
      if (request.method === 'PATCH' && !lost) {
        lost = true
        request.resume()
        return void request.on('end', () => response.destroy())
      }
      if (lost && request.method === 'GET' && request.url?.includes('/uploads/')) {
        return void response.writeHead(404).end()
      }
      forward()
    }
    expect(await pushOver('lost', 3 * MIB, intercept)).toMatchObject({ exitCode: 0, stderr: '' })
    expect(skopeo(`${own}/lost`).Layers.length).toBeGreaterThan(1)
  })

  test('that the registry never takes fails in the end, and names no digest', async () => {
    const intercept: Intercept = (request, response, forward) => {
      if (request.method !== 'PATCH') return forward()
      request.resume()
      request.on('end', () => response.writeHead(507).end())
    }
    const { exitCode, stderr, stdout } = await pushOver('refused', 3 * MIB, intercept)
    expect(exitCode).toBe(1)
    expect(stderr).toBe('received unexpected HTTP status: 507 Insufficient Storage\n')
    expect(stdout).not.toContain('digest:')
  })
})

describe('permission', () => {
  const PASSWORD = 'correct horse'
  const logIn = (host: string, password: string) =>
    world.lighter(['login', '-u', 'tester', '--password-stdin', host], { input: password })

  test('a password', async () => {
    const file = join(world.home, 'htpasswd')
    writeFileSync(file, `tester:${bcrypt(PASSWORD)}\n`)
    const server = await startRegistryWith(`auth:\n  htpasswd: { realm: tests, path: ${file} }`)
    try {
      const name = `${server.host}/${own}/locked`
      await said('tag', busybox, name)
      const before = await world.lighter(['push', name])
      expect(before).toMatchObject({ exitCode: 1, stderr: 'no basic auth credentials\n' })
      expect(await logIn(server.host, PASSWORD)).toMatchObject({ exitCode: 0 })
      expect(await said('push', name)).toMatch(/latest: digest: sha256:/)
    } finally {
      await server.stop()
    }
  })

  test('a token for what is pushed and for what is taken over', async () => {
    const tokens = await startTokenServer('tester', PASSWORD)
    const server = await startRegistryWith(tokens.settings)
    try {
      const auth = Buffer.from(`tester:${PASSWORD}`).toString('base64')
      const config = JSON.stringify({ auths: { [server.host]: { auth } } })
      writeAs(world.ids, join(world.home, '.docker/config.json'), config)
      await said('pull', '-q', `${server.host}/busybox`)
      const name = `${server.host}/${own}/token`
      await said('tag', busybox, name)
      expect(await said('push', name)).toMatch(/: Mounted from busybox\n/)
      const scopes = tokens.seen.map(({ query }) => query.getAll('scope'))
      expect(scopes).toContainEqual([`repository:${own}/token:pull,push`])
      expect(scopes).toContainEqual([
        `repository:${own}/token:pull,push`,
        'repository:busybox:pull',
      ])
    } finally {
      await server.stop()
      await tokens.stop()
    }
  })
})

/** The registry gets the beginning, then both connections break. */
function forwardSome(
  request: IncomingMessage,
  response: Parameters<Intercept>[1],
  bytes: number,
): void {
  const [hostname, port] = registry.split(':')
  let sent = 0
  void import('node:http').then(({ request: begin }) => {
    const { method, url: path } = request
    const { headers } = request
    const onward = begin({ hostname, port, method, path, headers })
    onward.on('error', () => undefined)
    request.on('data', (piece: Buffer) => {
      const rest = piece.subarray(0, Math.max(0, bytes - sent))
      sent += piece.length
      if (rest.length > 0) onward.write(rest)
      if (sent < bytes) return
      request.pause()
      // What was written is on its way: the registry keeps it.
      setTimeout(() => {
        onward.destroy()
        response.destroy()
      }, 200)
    })
  })
}
