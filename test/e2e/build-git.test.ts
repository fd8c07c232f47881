import { execFileSync } from 'node:child_process'
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
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { writeContext } from '../helpers/builds.ts'
import {
  commitFiles,
  type GitServer,
  git,
  makeRepository,
  startGitServer,
} from '../helpers/git-server.ts'
import { type Authority, makeAuthority } from '../helpers/registries.ts'
import { makeWorld, type Outcome, testUser, type World } from '../helpers/world.ts'

const TOKEN = 'tok-en-0123456789'
const BASIC = Buffer.from(`x-access-token:${TOKEN}`).toString('base64')

let world: World
let root: string
let server: GitServer
let other: GitServer
let commits: Record<'first' | 'second' | 'pull', string>
let intercept: (request: IncomingMessage, response: ServerResponse) => Promise<boolean> | boolean
let authority: Authority

beforeAll(async () => {
  world = makeWorld('build-git')
  root = mkdtempSync(join(inject('work'), 'git-'))
  execFileSync('chmod', ['755', root])
  authority = makeAuthority()
  world.env.GIT_SSL_CAINFO = authority.certificate
  other = await startGitServer(root, { authority })
  server = await startGitServer(root, {
    authority,
    before: (request, response) => intercept(request, response),
  })
  makeAll()
})
afterAll(async () => {
  await server?.stop()
  await other?.stop()
  await world.remove()
})
beforeEach(() => {
  intercept = onlyWithToken
  server.seen.length = 0
  other.seen.length = 0
})

/** Repositories: `main.git` has all that a context may be asked for, `part` is a submodule of others. */
function makeAll(): void {
  const dockerfile = 'FROM scratch\nCOPY . /\n'
  makeRepository(join(root, 'part.git'), { p: 'part' })
  const main = join(root, 'main.git')
  makeRepository(main, { Dockerfile: dockerfile, f: 'first', 'sub/Dockerfile': dockerfile })
  const first = git(main, 'rev-parse', 'HEAD')
  git(main, 'tag', 'light')
  git(main, 'tag', '-am', 'v1', 'v1')
  git(main, 'checkout', '-qb', 'feature/x')
  const pull = commitFiles(main, { f: 'pull' })
  git(main, 'update-ref', 'refs/pull/7/head', pull)
  git(main, 'reset', '-q', '--hard', first)
  const second = commitFiles(main, { f: 'feature', 'sub/g': 'g' })
  git(main, 'checkout', '-q', 'main')
  symlinkSync('/etc', join(main, 'out'))
  symlinkSync('../../etc', join(main, 'up'))
  symlinkSync('sub', join(main, 'in'))
  commitFiles(main, { f: 'main' })
  commits = { first, second, pull }
}

/** `main.git` and `locked.git` are for those who know the token. */
function onlyWithToken({ url = '', headers }: IncomingMessage, response: ServerResponse): boolean {
  if (!/^\/(main|locked)\.git\//.test(url) || headers.authorization === `basic ${BASIC}`)
    return false
  response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end()
  return true
}

const anybody = () => false

/** Builds and writes the files to a directory, which is returned with the outcome. */
async function build(
  context: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Outcome & { files: string }> {
  const files = mkdtempSync(join(world.home, 'out-'))
  execFileSync('chown', [`${world.ids.uid}:${world.ids.gid}`, files])
  const output = ['--progress', 'plain', '-o', files]
  const outcome = await world.lighter(['build', ...output, ...args, context], { env })
  return { ...outcome, files }
}

const withToken = ['--secret', 'id=GIT_AUTH_TOKEN,env=T']
const buildWithToken = (context: string, args: string[] = []) =>
  build(context, [...withToken, ...args], { T: TOKEN })

describe('who asks', () => {
  test('a token: only the server hears of it', async () => {
    const spoken: string[] = []
    intercept = async (request, response) => {
      // While git talks to us.
      if (request.method === 'POST') spoken.push(...sayingsOf(testUser().name))
      return onlyWithToken(request, response)
    }
    const outcome = await buildWithToken(`${server.url}/main.git`)
    expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
    expect(readFileSync(join(outcome.files, 'f'), 'utf8')).toBe('main')
    expect(new Set(server.seen.map(({ authorization }) => authorization))).toEqual(
      new Set([`basic ${BASIC}`]),
    )
    expect(outcome.stdout + outcome.stderr).not.toMatch(new RegExp(`${TOKEN}|${BASIC}`))
    const git = spoken.filter((line) => line.includes('git-remote-https'))
    expect(git.length).toBeGreaterThan(0)
    expect(git.filter((line) => line.includes(BASIC) || line.includes(TOKEN))).toEqual([])
    const said = spoken.filter((line) => line.includes(BASIC) || line.includes(TOKEN))
    // The environment of who started the build has it, as that one wanted.
    expect(said.filter((line) => !line.includes(`T=${TOKEN}`))).toEqual([])
    expect(existsSync(world.sockets) ? readdirSync(world.sockets) : []).not.toContainEqual(
      expect.stringMatching(/\.tmp$/),
    )
  })

  test.each([
    ['GIT_AUTH_HEADER', 'basic HERE'],
    ['GIT_AUTH_TOKEN.HOST', 'THERE'],
    ['GIT_AUTH_HEADER.HOST', 'basic HERE'],
  ])('%s of a file', async (id, text) => {
    const path = join(world.home, 'secret')
    writeFileSync(path, `${text.replace('THERE', TOKEN).replace('HERE', BASIC)}\n`)
    const name = id.replace('HOST', server.host)
    // What is for all hosts counts less.
    const rest = id.includes('.') ? ['--secret', 'id=GIT_AUTH_TOKEN,env=T'] : []
    const outcome = await build(
      `${server.url}/main.git`,
      ['--secret', `id=${name},src=${path}`, ...rest],
      { T: 'wrong' },
    )
    expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
  })

  test.each([
    ['nobody', [], ''],
    ['a wrong token', withToken, 'wrong-token-9'],
  ])('%s: refused, and nobody is asked for a password', async (_, args, token) => {
    const outcome = await build(`${server.url}/main.git`, args, { T: token })
    expect(outcome.exitCode).toBe(1)
    expect(outcome.stderr).toMatch(
      /\nERROR: failed to solve: failed to fetch remote https:\/\/127\.0\.0\.1:\d+\/main\.git: git stderr:\nfatal: /,
    )
    if (token !== '') {
      const basic = Buffer.from(`x-access-token:${token}`).toString('base64')
      expect(outcome.stderr).not.toMatch(new RegExp(`${token}|${basic}`))
    }
  })

  test('a password in the address is no argument and in no record', async () => {
    const login = `basic ${Buffer.from('me:pass-word').toString('base64')}`
    const spoken: string[] = []
    intercept = ({ method, headers }, response) => {
      if (method === 'POST') spoken.push(...sayingsOf(testUser().name))
      if (headers.authorization === login) return false
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end()
      return true
    }
    const address = `https://me:pass-word@${server.host}/main.git`
    const directory = writeContext(world, {
      Dockerfile: `FROM scratch\nADD --keep-git-dir=true ${address}#light /r\n`,
    })
    const outcome = await build(directory, ['--provenance', 'mode=max'])
    expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
    expect(outcome.stderr).toContain(`https://xxxxx:xxxxx@${server.host}/main.git`)
    expect(readFileSync(join(outcome.files, 'r/.git/config'), 'utf8')).not.toContain('pass-word')
    expect(readFileSync(join(outcome.files, 'provenance.json'), 'utf8')).not.toMatch(
      /"uri": *"[^"]*pass-word/,
    )
    const git = spoken.filter((line) => line.includes('git-remote-https'))
    expect(git.length).toBeGreaterThan(0)
    expect(git.filter((line) => line.includes('pass-word'))).toEqual([])
  })

  test('a token goes to no other server, and to no other repository', async () => {
    intercept = (request, response) => {
      if (request.url?.startsWith('/moved.git/') !== true) return onlyWithToken(request, response)
      const location = `${other.url}${request.url.replace('moved', 'main')}`
      response.writeHead(302, { location }).end()
      return true
    }
    const moved = await buildWithToken(`${server.url}/moved.git`)
    expect(moved.exitCode).toBe(1)
    expect(moved.stderr).toContain('The requested URL returned error: 302')
    expect(moved.stderr).toContain('The server answers with another address')
    expect(other.seen).toEqual([])
    const open = await build(`${server.url}/moved.git`)
    expect(open, open.stderr).toMatchObject({ exitCode: 0 })
  })
})

describe('submodules', () => {
  const withPart = (name: string, url: string): string => {
    makeRepository(join(root, name), { Dockerfile: 'FROM scratch\nCOPY . /\n' })
    writeFileSync(
      join(root, name, '.gitmodules'),
      `[submodule "part"]\n\tpath=part\n\turl=${url}\n`,
    )
    mkdirSync(join(root, name, 'part'))
    const commit = git(join(root, 'part.git'), 'rev-parse', 'HEAD')
    git(join(root, name), 'update-index', '--add', '--cacheinfo', `160000,${commit},part`)
    commitFiles(join(root, name), {})
    return `${server.url}/${name}`
  }

  test('come along, by a relative address too', async () => {
    for (const [name, url] of [
      ['absolute.git', `${other.url}/part.git`],
      ['relative.git', '../part.git'],
    ] as const) {
      const outcome = await build(withPart(name, url))
      expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
      expect(readFileSync(join(outcome.files, 'part/p'), 'utf8')).toBe('part')
      expect(existsSync(join(outcome.files, 'part/.git'))).toBe(false)
    }
  })

  test('without those that are not wanted', async () => {
    const address = withPart('unwanted.git', `${other.url}/part.git`)
    const outcome = await build(`${address}?submodules=false`)
    expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
    expect(readdirSync(join(outcome.files, 'part'))).toEqual([])
    expect(other.seen).toEqual([])
  })

  test('are fetched without the token of the repository, as BuildKit does', async () => {
    makeRepository(join(root, 'locked.git'), { p: 'part' })
    const outcome = await build(
      withPart('greedy.git', '../locked.git'),
      ['--secret', 'id=GIT_AUTH_TOKEN,env=T'],
      { T: TOKEN },
    )
    expect(outcome.exitCode).toBe(1)
    expect(outcome.stderr).toContain('failed to update submodules for ')
    const locked = server.seen.filter(({ path }) => path.startsWith('/locked.git'))
    expect(locked.length).toBeGreaterThan(0)
    expect(locked.filter(({ authorization }) => authorization !== undefined)).toEqual([])
  })

  test.each([
    ['a file of the host', '/etc'],
    ['a program', 'ext::sh -c "touch /tmp/never"'],
    ['an option', '-u./x'],
  ])('that are %s are refused', async (_, url) => {
    const outcome = await build(withPart('hostile.git', url))
    rmSync(join(root, 'hostile.git'), { recursive: true })
    expect(outcome.exitCode).toBe(1)
    expect(existsSync('/tmp/never')).toBe(false)
  })
})

describe('what of it', () => {
  beforeEach(() => {
    intercept = anybody
  })

  test.each<[string, string, string]>([
    ['', 'f', 'main'],
    ['#main', 'f', 'main'],
    ['#refs/heads/main', 'f', 'main'],
    ['#light', 'f', 'first'],
    ['#v1', 'f', 'first'],
    ['#refs/tags/v1', 'f', 'first'],
    ['#feature/x', 'f', 'feature'],
    ['#feature/x:sub', 'g', 'g'],
    ['#refs/pull/7/head', 'f', 'pull'],
    ['#pull/7/head', 'f', 'pull'],
    ['#FIRST', 'f', 'first'],
    ['#PULL', 'f', 'pull'],
    ['#SECOND:sub', 'g', 'g'],
    ['#main:../..', 'f', 'main'],
    ['?tag=v1&commit=FIRST', 'f', 'first'],
  ])('%s', async (wanted, name, text) => {
    const { first, second, pull } = commits
    const fragment = wanted.replace('FIRST', first).replace('SECOND', second).replace('PULL', pull)
    const outcome = await build(`${server.url}/main.git${fragment}`)
    expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
    expect(readFileSync(join(outcome.files, name), 'utf8')).toBe(text)
    expect(existsSync(join(outcome.files, '.git'))).toBe(false)
  })

  test.each([
    ['#SHORT', 'repository does not contain ref SHORT, output: ""'],
    ['#nosuch', 'repository does not contain ref nosuch, output: ""'],
    ['#feature', 'repository does not contain ref feature, output: ""'],
    [
      '#main:nosuch',
      'invalid subdir /nosuch: failed to lstat "nosuch": statat nosuch: no such file or directory',
    ],
    ['#main:f', 'invalid subdir /f: git subpath "/f" contains non-directory "f"'],
    ['#main:out', 'invalid subdir /out: git subpath "/out" contains non-directory "out"'],
    [
      '#main:up/passwd',
      'invalid subdir /up/passwd: git subpath "/up/passwd" contains non-directory "up"',
    ],
    ['#main:in', 'invalid subdir /in: git subpath "/in" contains non-directory "in"'],
    ['#--upload-pack=touch', 'invalid ref'],
  ])('%s: %s', async (wanted, message) => {
    const short = commits.first.slice(0, 8)
    const outcome = await build(`${server.url}/main.git${wanted.replace('SHORT', short)}`)
    expect(outcome.exitCode).toBe(1)
    expect(outcome.stderr).toContain(message.replace('SHORT', short))
  })
})

describe('ADD', () => {
  beforeEach(() => {
    intercept = anybody
  })

  const added = (wanted: string, ...flags: string[]) => {
    const Dockerfile = `FROM scratch\nADD ${flags.join(' ')} ${server.url}/main.git${wanted} /r\n`
    return build(writeContext(world, { Dockerfile }))
  }

  test('without the repository, unless it is wanted', async () => {
    const outcome = await added('#light')
    expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
    expect(readdirSync(join(outcome.files, 'r')).sort()).toEqual(['Dockerfile', 'f', 'sub'])
  })

  test.each([
    ['', 'refs/heads/main', ''],
    ['#main', 'refs/heads/main', ''],
    ['#light', 'refs/tags/light', 'light'],
    ['#v1', 'refs/tags/v1', 'v1'],
    ['#feature/x', 'refs/heads/feature/x', ''],
    ['#refs/pull/7/head', 'refs/pull/7/head', ''],
    ['#FIRST', '', ''],
  ])('--keep-git-dir of %s: what git finds in it', async (wanted, ref, described) => {
    const outcome = await added(wanted.replace('FIRST', commits.first), '--keep-git-dir=true')
    expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
    const r = join(outcome.files, 'r')
    const asked = (...args: string[]) => git(r, '-c', 'safe.directory=*', ...args)
    const name = wanted === '' ? '#main' : wanted.replace('#FIRST', '#light')
    const commit = git(join(root, 'main.git'), 'rev-parse', `${name.slice(1)}^{commit}`)
    expect(asked('rev-parse', 'HEAD')).toBe(commit)
    expect(asked('for-each-ref', '--format=%(refname)')).toBe(ref)
    expect(asked('status', '--porcelain')).toBe('')
    expect(asked('remote', 'get-url', 'origin')).toBe(`${server.url}/main.git`)
    if (described !== '') expect(asked('describe', '--tags')).toBe(described)
  })

  test('twice: the same files, from the cache', async () => {
    const once = await added('#v1', '--keep-git-dir=true')
    const twice = await added('#v1', '--keep-git-dir=true')
    expect(twice.stderr).toMatch(/\n#\d+ \[1\/1\] ADD .*\n#\d+ CACHED\n/)
    expect(once, once.stderr).toMatchObject({ exitCode: 0 })
  })
})

test('nothing is left of what was fetched', () => {
  const tmp = join(world.data, 'tmp')
  expect(existsSync(tmp) ? readdirSync(tmp) : []).toEqual([])
})

/** Arguments and environment of all processes of a user. */
function sayingsOf(user: string): string[] {
  const pids = execFileSync('ps', ['-u', user, '-o', 'pid='], { encoding: 'utf8' })
  return pids.split('\n').flatMap((line) => {
    const pid = line.trim()
    try {
      return ['cmdline', 'environ'].map((name) =>
        pid === '' ? '' : readFileSync(`/proc/${pid}/${name}`, 'utf8'),
      )
    } catch {
      return [] // it has ended
    }
  })
}
