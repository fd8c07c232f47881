import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, inject, test } from 'vitest'
import { makeArchive } from '../fixtures/archive.ts'
import { contextOf, json, plain, saidBy, serveBuilds } from '../helpers/api-builds.ts'
import { processesOf, tracesIn } from '../helpers/leftovers.ts'
import { bcrypt, startRegistryWith } from '../helpers/registries.ts'
import { messagesOf, openCall, untilMessage } from '../helpers/service-stream.ts'
import { until } from '../helpers/until.ts'
import { testUser } from '../helpers/world.ts'

const { world, service, build, inspected } = serveBuilds('api-build')

describe('the words of the first builder', () => {
  const dockerfile = `ARG BASE=busybox
FROM \${BASE} AS first
ARG WHO=you
RUN echo hello $WHO && \\
    echo oops >&2
FROM busybox
COPY --from=first /etc/passwd /p
COPY file /
ENV A=b
CMD ["true"]
`
  const context = contextOf(dockerfile, { file: 'text' })

  test('tell each instruction, what commands say, and the image', async () => {
    const answer = await build('t=words:1&t=more&rm=1', context)
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json'])
    expect(plain(saidBy(answer))).toBe(`Step 1/9 : ARG BASE=busybox
Step 2/9 : FROM \${BASE} AS first
 ---> ID
Step 3/9 : ARG WHO=you
 ---> ID
Step 4/9 : RUN echo hello $WHO &&     echo oops >&2
 ---> Running in CONTAINER
hello you
\x1b[91moops
\x1b[0m ---> Removed intermediate container ID
 ---> ID
Step 5/9 : FROM busybox
 ---> ID
Step 6/9 : COPY --from=first /etc/passwd /p
 ---> ID
Step 7/9 : COPY file /
 ---> ID
Step 8/9 : ENV A=b
 ---> ID
Step 9/9 : CMD ["true"]
 ---> ID
Successfully built ID
Successfully tagged words:1
Successfully tagged more:latest
`)
    const { Id, RepoTags } = await inspected('words:1')
    expect(messagesOf(answer.text)).toContainEqual({ aux: { ID: Id } })
    expect(saidBy(answer)).toContain(`Successfully built ${Id.slice(7, 19)}\n`)
    expect(RepoTags).toEqual(['more:latest', 'words:1'])
  })

  test('say what the cache had, and nothing was removed that rm=0 keeps', async () => {
    await build('', context)
    const again = plain(saidBy(await build('', context)))
    expect(again.match(/ ---> Using cache\n/g)).toHaveLength(3)
    expect(again).not.toContain('Running in')
    const anew = plain(saidBy(await build('nocache=1&rm=0', context)))
    expect(anew).not.toContain('Using cache')
    expect(anew).not.toContain('Removed')
  })

  test('are left out with q', async () => {
    const answer = await build('q=1&t=quiet', context)
    expect(messagesOf(answer.text)).toEqual([{ stream: `${(await inspected('quiet')).Id}\n` }])
  })

  test('tell with which code a command ended', async () => {
    const failing = contextOf('FROM busybox\nRUN echo before; exit 3\nRUN true\n')
    const messages = messagesOf((await build('', failing)).text)
    expect(messages).toContainEqual({ stream: 'before\n' })
    const message = "The command '/bin/sh -c echo before; exit 3' returned a non-zero code: 3"
    expect(messages.at(-1)).toEqual({ errorDetail: { code: 3, message }, error: message })
  })

  test('show what failed in a stage beside the one whose turn it is', async () => {
    const failing = contextOf(
      'FROM busybox AS slow\nRUN sleep 60\nFROM busybox\nRUN echo mine; false\nCOPY --from=slow /etc/passwd /p\n',
    )
    const answer = await build('', failing)
    expect(plain(saidBy(answer))).toMatch(
      /^Step 4\/5 : RUN echo mine; false\n ---> Running in CONTAINER\nmine\n$/m,
    )
    expect(messagesOf(answer.text).at(-1).errorDetail.code).toBe(1)
  })

  test('name a file that is not in the context', async () => {
    const answer = await build('', contextOf('FROM busybox\nCOPY nosuch /\n'))
    expect(messagesOf(answer.text).at(-1).error).toBe(
      'COPY failed: file not found in build context or excluded by .dockerignore: stat nosuch: file does not exist',
    )
  })

  test('warn of what is not used', async () => {
    const args = json({ NOSUCH: 'x' })
    const answer = await build(`buildargs=${args}&memory=1000000`, contextOf('FROM busybox\n'))
    expect(saidBy(answer)).toContain('[Warning] memory does not limit the steps of a build here\n')
    expect(saidBy(answer)).toContain(
      '[Warning] One or more build-args [NOSUCH] were not consumed\n',
    )
  })
})

describe('contexts', () => {
  const context = contextOf('FROM busybox\nCOPY file /\nRUN cat /file\n', { file: 'content\n' })
  const byProgram = (name: string): Buffer => execFileSync(name, ['-c'], { input: context })

  test.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
    ['bzip2', () => byProgram('bzip2')],
    ['xz', () => byProgram('xz')],
  ])('in %s', async (_, compress) => {
    expect(saidBy(await build('nocache=1', compress(context)))).toContain('content\n')
  })

  test('at an address', async () => {
    const server = createServer((_, response) => response.end(context))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const remote = encodeURIComponent(`http://127.0.0.1:${port}/context.tar`)
    try {
      const answer = await service.ask('POST', `/build?nocache=1&remote=${remote}`)
      expect(saidBy(answer)).toContain('content\n')
    } finally {
      server.close()
    }
  })

  test('with members that lead out of them reach nothing', async () => {
    const hostile = makeArchive([
      { path: 'Dockerfile', data: 'FROM busybox\nCOPY link /\nRUN cat /link\n' },
      { path: 'link', type: 'SymbolicLink', linkpath: '/etc/hostname' },
    ])
    const answer = await build('', hostile)
    expect(messagesOf(answer.text).at(-1).error).toMatch(/^COPY failed: file not found/)
  })
})

describe('the words of BuildKit', () => {
  const context = contextOf('FROM busybox\nRUN echo hello\n')

  test('are its messages, and the image', async () => {
    const answer = await build('version=2&t=second&nocache=1', context)
    const messages = messagesOf(answer.text)
    const { Id } = await inspected('second')
    expect(messages.pop()).toEqual({ id: 'moby.image.id', aux: { ID: Id } })
    expect(new Set(messages.map(({ id }) => id))).toEqual(new Set(['moby.buildkit.trace']))
    const bytes = Buffer.concat(messages.map(({ aux }) => Buffer.from(aux, 'base64')))
    expect(bytes.toString('latin1')).toContain('RUN echo hello')
    expect(bytes.toString('latin1')).toContain('hello\n')
  })

  test('are the same for an error', async () => {
    const answer = await build('version=2', contextOf('FROM busybox\nRUN false\n'))
    const message = 'process "/bin/sh -c false" did not complete successfully: exit code: 1'
    expect(messagesOf(answer.text).at(-1)).toEqual({ errorDetail: { message }, error: message })
  })

  test('need a session that is there', async () => {
    const answer = await build('version=2&session=nosuch', context)
    expect([answer.status, answer.json()]).toEqual([
      500,
      { message: 'no active session for nosuch' },
    ])
  })
})

describe('the cache', () => {
  test('is pruned', async () => {
    await build('', contextOf('FROM busybox\nRUN echo pruned > /x\n'))
    const bad = await service.ask('POST', `/build/prune?filters=${json({ nosuch: ['x'] })}`)
    expect([bad.status, bad.json()]).toEqual([
      400,
      { message: "failed to prune build cache: invalid filter 'nosuch'" },
    ])
    // So much may stay, and there is so much room.
    for (const query of [
      'keep-storage=1000000000000',
      'reserved-space=1000000000000',
      'min-free-space=1',
    ])
      expect((await service.ask('POST', `/build/prune?all=1&${query}`)).json()).toEqual({
        CachesDeleted: null,
        SpaceReclaimed: 0,
      })
    const pruned = (await service.ask('POST', '/build/prune?all=1')).json()
    expect(pruned.CachesDeleted.length).toBeGreaterThan(0)
    expect(pruned.SpaceReclaimed).toEqual(expect.any(Number))
  })
})

test('credentials for base images come with the call', async () => {
  const file = join(inject('work'), `api-build-${process.pid}`)
  writeFileSync(file, `tester:${bcrypt('secret')}\n`)
  const locked = await startRegistryWith(`auth:\n  htpasswd: { realm: tests, path: ${file} }`)
  const context = contextOf(`FROM ${locked.host}/busybox:schema2\nRUN true\n`)
  const config = { [locked.host]: { username: 'tester', password: 'secret' }, other: 7 }
  const headersOf = (value: unknown) => ({
    'X-Registry-Config': Buffer.from(JSON.stringify(value)).toString('base64url'),
  })
  try {
    const nobody = await build('', context, headersOf({}))
    expect(messagesOf(nobody.text).at(-1).error).toMatch(/no basic auth credentials|denied/)
    const known = await build('', context, headersOf(config))
    expect(saidBy(known)).toContain('Successfully built')
  } finally {
    await locked.stop()
  }
})

describe('a build under way', () => {
  const context = contextOf('FROM busybox\nRUN echo begun; sleep 4321\n')
  const begin = (query: string) =>
    openCall(service.socket, 'POST', `/build?${query}`, { body: context })
  const isBegun = ({ stream }: { stream?: string }) => stream === 'begun\n'
  const sleepers = () => processesOf(testUser()).filter((line) => line.includes('sleep 4321'))
  const clean = () =>
    until(() => sleepers().length === 0 && tracesIn(world.data).length === 0, 'nothing is left')

  test('ends when its client vanishes', async () => {
    const call = await begin('')
    await untilMessage(call, isBegun)
    expect(sleepers()).toHaveLength(1)
    call.vanish()
    await clean()
    expect(service.log()).toBe('')
  })

  test('is stopped by its id', async () => {
    const call = await begin('buildid=one')
    await untilMessage(call, isBegun)
    expect((await service.ask('POST', '/build/cancel?id=other')).status).toBe(200)
    expect(sleepers()).toHaveLength(1)
    expect((await service.ask('POST', '/build/cancel?id=one')).status).toBe(200)
    expect(await call.ended).toBe('whole')
    expect(call.messages.at(-1)).toMatchObject({ error: 'context canceled' })
    await clean()
    expect((await service.ask('POST', '/build/cancel')).json()).toEqual({
      message: 'build ID not provided',
    })
  })
})
