import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeArchive } from '../fixtures/archive.ts'
import { makeWorld, type World } from '../helpers/world.ts'

let world: World
const ID = /^sha256:[0-9a-f]{64}\n$/
const archive = makeArchive([
  { path: 'bin/', type: 'Directory', mode: 0o755 },
  { path: 'bin/busybox', mode: 0o755, data: readFileSync('/bin/busybox') },
  { path: 'bin/sh', type: 'Link', linkpath: 'bin/busybox' },
  { path: 'bin/cat', type: 'SymbolicLink', linkpath: 'busybox' },
  { path: 'owned', data: 'mine\n', uid: 3, gid: 4 },
])

const imported = async (...args: string[]) => {
  const outcome = await world.lighter(['import', ...args])
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '' })
  expect(outcome.stdout).toMatch(ID)
  return outcome.stdout.trim()
}
const cat = async (image: string) =>
  (await world.lighter(['run', '--rm', '--network', 'none', image, '/bin/cat', '/owned'])).stdout
const inspect = async (name: string) =>
  JSON.parse((await world.lighter(['image', 'inspect', name])).stdout)[0]

beforeAll(() => {
  world = makeWorld('import')
  writeFileSync(join(world.home, 'plain.tar'), archive)
})
afterAll(() => world.remove())

test('a file, with a message, changes and a name', async () => {
  await imported('-m', 'hello', '-c', 'CMD ["/bin/cat","/owned"]', 'plain.tar', 'brought:1')
  expect(await cat('brought:1')).toBe('mine\n')
  expect(await inspect('brought:1')).toMatchObject({
    Comment: 'hello',
    Os: 'linux',
    Config: { Cmd: ['/bin/cat', '/owned'] },
  })
})

test.each([
  ['gzip', () => gzipSync(archive)],
  ['zstd', () => zstdCompressSync(archive)],
  ['bzip2', () => execFileSync('bzip2', ['-c'], { input: archive, maxBuffer: 1e8 })],
  ['xz', () => execFileSync('xz', ['-c', '-0'], { input: archive, maxBuffer: 1e8 })],
])('compressed with %s', async (name, pack) => {
  writeFileSync(join(world.home, `packed.${name}`), pack())
  expect(await cat(await imported(`packed.${name}`))).toBe('mine\n')
})

test('standard input, and an URL', async () => {
  const piped = await world.run('sh', ['-c', `${inject('program')} import - < plain.tar`])
  expect(await cat(piped.stdout.trim())).toBe('mine\n')
  const server = createServer((request, response) => {
    if (request.url === '/x.tar') response.end(archive)
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  try {
    expect(await cat(await imported(`${base}/x.tar`))).toBe('mine\n')
    expect((await world.lighter(['import', `${base}/nosuch`])).stderr).toMatch(
      /^Error response from daemon: .* status 404/,
    )
  } finally {
    server.close()
  }
  expect((await world.lighter(['import', 'http://127.0.0.1:1/x.tar'])).stderr).toMatch(
    /^Error response from daemon: Get "http:\/\/127\.0\.0\.1:1\/x\.tar": .*\n$/,
  )
})

test('for another platform', async () => {
  await imported('--platform', 'linux/arm64', 'plain.tar', 'foreign:1')
  expect((await inspect('foreign:1')).Architecture).toBe('arm64')
  const refuse = async (platform: string) =>
    (await world.lighter(['import', '--platform', platform, 'plain.tar'])).stderr
  expect(await refuse('windows/amd64')).toBe(
    'Error response from daemon: operating system is not supported\n',
  )
  expect(await refuse('foo/bar/x/y')).toBe(
    'Error response from daemon: "foo/bar/x/y": cannot parse platform specifier: invalid argument\n',
  )
})

test('what is no archive leaves nothing behind', async () => {
  const garbage = await world.lighter(['import', '-'], { input: 'garbage' })
  expect(garbage).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: 'Error response from daemon: unexpected EOF\n',
  })
  writeFileSync(join(world.home, 'torn.gz'), gzipSync(archive).subarray(0, 5000))
  expect((await world.lighter(['import', 'torn.gz'])).stderr).toBe(
    'Error response from daemon: unexpected EOF\n',
  )
  expect((await world.lighter(['import', 'nosuch'])).stderr).toBe(
    'open nosuch: no such file or directory\n',
  )
  expect((await world.lighter(['import', '-c', 'RUN x', 'plain.tar'])).stderr).toBe(
    'Error response from daemon: RUN is not a valid change command\n',
  )
  expect((await world.lighter(['import', 'plain.tar', 'BAD'])).stderr).toMatch(
    /must be lowercase\n$/,
  )
  expect(execFileSync('ls', [join(world.data, 'tmp')], { encoding: 'utf8' })).toBe('')
})

test('an empty archive is an empty image', async () => {
  const empty = await world.lighter(['import', '-'], { input: '' })
  expect(empty.stdout).toMatch(ID)
})
