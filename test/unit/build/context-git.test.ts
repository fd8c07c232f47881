import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fetchGit } from '../../../lib/build/context/git.ts'
import { authorization } from '../../../lib/build/context/git-access.ts'
import { parseGitAddress, redactedRemote } from '../../../lib/build/context/git-address.ts'
import { parseNamedContext } from '../../../lib/build/context/named-context.ts'
import type { Engine } from '../../../lib/engine.ts'
import { freePort } from '../../helpers/registry.ts'
import { until } from '../../helpers/until.ts'

describe('addresses', () => {
  test.each<[string, Record<string, unknown> | undefined]>([
    ['https://host/r.git', { remote: 'https://host/r.git', ref: undefined, subdirectory: '' }],
    ['https://host/r.git#v1', { ref: 'v1', subdirectory: '' }],
    ['https://host/r.git#v1:a/b', { ref: 'v1', subdirectory: 'a/b' }],
    ['https://host/r.git#:a', { ref: undefined, subdirectory: 'a' }],
    [
      'https://host/r.git?ref=v1&subdir=a',
      { remote: 'https://host/r.git', ref: 'v1', subdirectory: 'a' },
    ],
    ['https://host/r.git?branch=b', { ref: 'refs/heads/b' }],
    ['https://host/r.git?tag=t&submodules=false', { ref: 'refs/tags/t', submodules: false }],
    [
      'https://host/r.git?checksum=0123456&keep-git-dir=1',
      { commit: '0123456', keepGitDirectory: true },
    ],
    ['http://host/r.git', { remote: 'http://host/r.git' }],
    ['git://host/r', { remote: 'git://host/r' }],
    ['ssh://git@host:22/r', { remote: 'ssh://git@host:22/r' }],
    ['git@github.com:a/b.git#v1', { remote: 'git@github.com:a/b.git', ref: 'v1' }],
    ['git@host:a/b', { remote: 'git@host:a/b' }],
    ['github.com/a/b', { remote: 'https://github.com/a/b' }],
    ['https://host/r', undefined],
    ['https://host/r.tar.gz', undefined],
    ['file:///r.git', undefined],
    ['ext::sh -c id', undefined],
    ['./github.com/a', undefined],
    ['/r.git', undefined],
    ['r.git', undefined],
    ['.', undefined],
  ])('%s', (text, expected) => {
    const address = parseGitAddress(text, true)
    if (expected === undefined) expect(address).toBeUndefined()
    else expect(address).toMatchObject(expected)
  })

  test.each([
    ['https://host/r.git#--upload-pack=x', 'invalid ref'],
    ['https://host/r.git#a b', 'invalid ref'],
    ['https://host/r.git#+a', undefined],
    ['https://host/r.git?x=y', 'unexpected query "x"'],
    ['https://host/r.git?ref=a#b', 'ref conflicts'],
    ['https://host/r.git?commit=x', 'invalid checksum'],
    ['https://host/r.git?submodules=x', 'invalid submodules value'],
  ])('%s: %s', (text, message) => {
    if (message) expect(() => parseGitAddress(text)).toThrow(message)
    else expect(parseGitAddress(text)).toBeDefined()
  })

  test('hide passwords', () => {
    expect(redactedRemote('https://me:secret@host/r.git')).toBe('https://xxxxx:xxxxx@host/r.git')
    expect(redactedRemote('https://host/a@b.git')).toBe('https://host/a@b.git')
    expect(redactedRemote('ssh://git@host/r')).toBe('ssh://git@host/r')
    expect(redactedRemote('git@host:r')).toBe('git@host:r')
  })
})

describe('who asks', () => {
  const basic = (text: string): string => `basic ${Buffer.from(text).toString('base64')}`
  const section = (scope: string, value: string): string =>
    `[http "${scope}"]\n\textraHeader = "Authorization: ${value}"\n\tfollowRedirects = false\n`

  test.each<[string, Record<string, string>, string | undefined]>([
    ['https://h/r.git', {}, undefined],
    ['git@h:r', { GIT_AUTH_TOKEN: 't' }, undefined],
    [
      'https://h/r.git',
      { GIT_AUTH_TOKEN: ' t\n' },
      section('https://h/r.git', basic('x-access-token:t')),
    ],
    [
      'https://h/r.git',
      { GIT_AUTH_TOKEN: 't', 'GIT_AUTH_HEADER.h': 'b' },
      section('https://h/r.git', 'b'),
    ],
    ['https://github.com/a/b', { GIT_AUTH_HEADER: 'b' }, section('https://github.com/', 'b')],
    [
      'https://github.com.evil/a',
      { GIT_AUTH_HEADER: 'b' },
      section('https://github.com.evil/a', 'b'),
    ],
    ['https://me:a%20b@h/r.git', {}, section('https://h/r.git', basic('me:a b'))],
    ['https://me:100%@h/r.git', {}, section('https://h/r.git', basic('me:100%'))],
    ['https://h/r.git', { GIT_AUTH_HEADER: 'a"\\\nb' }, section('https://h/r.git', 'a\\"\\\\\\nb')],
  ])('%s with %j', async (remote, secrets, text) => {
    const secret = async (id: string) => (secrets[id] ? Buffer.from(secrets[id]) : undefined)
    expect(await authorization(remote, secret)).toBe(text)
  })
})

test.each<[string, Record<string, unknown>]>([
  ['dir', { type: 'directory', path: 'dir' }],
  ['docker-image://a/b:c', { type: 'image', reference: 'a/b:c' }],
  ['oci-layout:///a/b', { type: 'layout', path: '/a/b', tag: undefined, digest: undefined }],
  ['oci-layout://b:1.0', { type: 'layout', path: 'b', tag: '1.0' }],
  [
    `oci-layout:///b@sha256:${'0'.repeat(64)}`,
    { type: 'layout', path: '/b', digest: `sha256:${'0'.repeat(64)}` },
  ],
  ['https://host/x', { type: 'url', url: 'https://host/x' }],
  ['https://host/x.git#v', { type: 'git', address: { ref: 'v' } }],
  ['target:base', { type: 'target', name: 'base' }],
  ['x://y', { type: 'directory', path: 'x://y' }],
])('a named context: %s', (text, expected) => {
  expect(parseNamedContext(text)).toMatchObject(expected)
})

describe('repositories', () => {
  let base: string
  let daemon: ChildProcess
  let remote: string
  let first: string

  const git = (directory: string, ...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@x', ...args], {
      cwd: directory,
      encoding: 'utf8',
      env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_ALLOW_PROTOCOL: 'file:git' },
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()

  beforeAll(async () => {
    base = mkdtempSync(join(tmpdir(), 'lighter-git-'))
    const served = join(base, 'served')
    for (const name of ['main', 'part']) {
      mkdirSync(join(served, name, 'sub'), { recursive: true })
      git(join(served, name), 'init', '-q', '-b', 'main')
    }
    writeFileSync(join(served, 'part/p'), 'part')
    git(join(served, 'part'), 'add', '.')
    git(join(served, 'part'), 'commit', '-qm', 'part')
    const main = join(served, 'main')
    writeFileSync(join(main, 'f'), 'one')
    writeFileSync(join(main, 'sub/g'), 'g', { mode: 0o755 })
    symlinkSync('/usr', join(main, 'etc'))
    git(main, 'add', '.')
    git(main, 'commit', '-qm', 'one')
    git(main, 'tag', '-am', 'v1', 'v1')
    first = git(main, 'rev-parse', 'HEAD')
    git(main, 'checkout', '-qb', 'next')
    writeFileSync(join(main, 'f'), 'two')
    git(main, 'submodule', 'add', '-q', '../part', 'part')
    git(main, 'commit', '-qam', 'two')
    git(main, 'checkout', '-q', 'main')
    const port = await freePort()
    remote = `git://127.0.0.1:${port}/main`
    daemon = spawn(
      'git',
      [
        'daemon',
        '--export-all',
        `--base-path=${served}`,
        `--port=${port}`,
        '--listen=127.0.0.1',
        '--reuseaddr',
      ],
      { stdio: 'ignore', detached: true },
    )
    await reachable(port)
  })

  afterAll(() => {
    // It serves from a process of its own.
    if (daemon?.pid) process.kill(-daemon.pid)
    rmSync(base, { recursive: true, force: true })
  })

  const engine = () => ({ paths: { data: join(base, 'data') } }) as unknown as Engine
  const fetch = (text: string, keepGitDirectory = false) => {
    const address = parseGitAddress(text)
    if (!address) throw new Error(text)
    const environment = process.env
    const access = { secret: async () => undefined, ssh: { agent: undefined, isOwn: true } }
    const options = { keepGitDirectory, environment, ...access, signal: undefined }
    return fetchGit(engine(), address, options)
  }

  test.each<[string, Record<string, string>]>([
    ['', { f: 'one', 'sub/g': 'g' }],
    ['#main', { f: 'one' }],
    ['#v1', { f: 'one' }],
    ['#next', { f: 'two', 'part/p': 'part' }],
    ['?branch=next&submodules=0', { f: 'two' }],
    ['?tag=v1&subdir=sub', { g: 'g' }],
    ['#:sub', { g: 'g' }],
  ])('%s', async (wanted, files) => {
    const { directory, release } = await fetch(`${remote}${wanted}`)
    for (const [path, text] of Object.entries(files))
      expect(readFileSync(join(directory, path), 'utf8')).toBe(text)
    expect(existsSync(join(directory, '.git'))).toBe(false)
    expect(existsSync(join(directory, 'part/.git'))).toBe(false)
    release()
    expect(readdirSync(join(base, 'data/tmp'))).toEqual([])
  })

  test('a commit, and its directory', async () => {
    const { directory, commit, release } = await fetch(`${remote}#${first}`, true)
    expect(commit).toBe(first)
    expect(git(directory, 'rev-parse', 'HEAD')).toBe(first)
    expect(git(directory, 'remote', 'get-url', 'origin')).toBe(remote)
    expect(git(directory, 'status', '--porcelain')).toBe('')
    release()
  })

  test.each([
    ['#nosuch', 'repository does not contain ref nosuch, output: ""'],
    [`#${'0'.repeat(40)}`, `repository does not contain ref ${'0'.repeat(40)}`],
    ['#main:nosuch', 'invalid subdir /nosuch: failed to lstat "nosuch": statat nosuch: '],
    ['#main:f', 'invalid subdir /f: git subpath "/f" contains non-directory "f"'],
    ['#main:etc', 'invalid subdir /etc: git subpath "/etc" contains non-directory "etc"'],
    ['?commit=0000000', 'expected checksum to match 0000000, got '],
    ['x', 'failed to fetch remote'],
  ])('%s: %s', async (wanted, message) => {
    await expect(fetch(`${remote}${wanted}`)).rejects.toThrow(message)
    expect(readdirSync(join(base, 'data/tmp'))).toEqual([])
  })

  async function reachable(port: number): Promise<void> {
    const isOpen = () =>
      new Promise<boolean>((resolve) => {
        const socket = connect(port, '127.0.0.1')
        socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
        socket.once('connect', () => socket.destroy())
      })
    await until(isOpen, 'git daemon answers')
  }
})
