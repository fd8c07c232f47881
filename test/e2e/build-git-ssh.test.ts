import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeContext } from '../helpers/builds.ts'
import { makeRepository } from '../helpers/git-server.ts'
import { type SshServer, startSshServer } from '../helpers/ssh-server.ts'
import { until } from '../helpers/until.ts'
import { makeWorld, type Outcome, testUser, type World } from '../helpers/world.ts'

let world: World
let server: SshServer
let address: string
/** Of an agent that has the key. */
let socket: string
let agent = 0

beforeAll(async () => {
  world = makeWorld('build-ssh')
  server = await startSshServer(world)
  const repository = join(world.home, 'served/main.git')
  makeRepository(repository, { Dockerfile: 'FROM scratch\nCOPY . /\n', f: 'over ssh' })
  execFileSync('chown', ['-R', `${world.ids.uid}:${world.ids.gid}`, join(world.home, 'served')])
  address = `${server.url}${repository}`
  socket = join(world.home, 'agent')
  const outcome = await world.run('/bin/sh', [
    '-c',
    'eval "$(ssh-agent -a "$1")" && ssh-add -q "$2"',
    'sh',
    socket,
    server.key,
  ])
  expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
  agent = Number(/\d+/.exec(outcome.stdout)?.[0])
})
afterAll(async () => {
  if (agent > 0) process.kill(agent)
  await server?.stop()
  await until(() => running().length === 0, 'the end of ssh')
  await world.remove()
})

const running = (): string[] =>
  execFileSync('ps', ['-u', testUser().name, '-o', 'stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => /ssh/.test(line) && !line.startsWith('Z'))

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

const REFUSED =
  /\nERROR: failed to solve: failed to fetch remote ssh:\/\/[^\n]+: git stderr:\n[^#]*Permission denied \(publickey\)\.\n/

describe('a context', () => {
  test.each<[string, () => [string[], Record<string, string>]]>([
    ['a key of --ssh', () => [['--ssh', `default=${server.key}`], {}]],
    ['an agent of --ssh', () => [['--ssh', `default=${socket}`], {}]],
    ["the caller's agent, named", () => [['--ssh', 'default'], { SSH_AUTH_SOCK: socket }]],
    ["the caller's agent", () => [[], { SSH_AUTH_SOCK: socket }]],
  ])('with %s', async (_, given) => {
    const [args, env] = given()
    const outcome = await build(`${address}#main`, args, env)
    expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
    expect(readFileSync(join(outcome.files, 'f'), 'utf8')).toBe('over ssh')
    expect(outcome.stderr).not.toContain('known hosts')
  })

  test('without any: refused, and nobody is asked for a password', async () => {
    const outcome = await build(address)
    expect(outcome.exitCode).toBe(1)
    expect(outcome.stderr).toMatch(REFUSED)
  })

  test('with a name beside it', async () => {
    const directory = writeContext(world, { Dockerfile: 'FROM scratch\nCOPY --from=r f /\n' })
    const args = ['--build-context', `r=${address}`, '--ssh', `default=${server.key}`]
    const outcome = await build(directory, args)
    expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
    expect(readFileSync(join(outcome.files, 'f'), 'utf8')).toBe('over ssh')
  })
})

describe('ADD', () => {
  test('uses --ssh, and nothing that was not given', async () => {
    const Dockerfile = `FROM scratch\nADD ${address} /r\n`
    const directory = writeContext(world, { Dockerfile })
    const given = await build(directory, ['--ssh', `default=${server.key}`])
    expect(given, given.stderr).toMatchObject({ exitCode: 0 })
    expect(readFileSync(join(given.files, 'r/f'), 'utf8')).toBe('over ssh')
    const withheld = await build(directory, ['--no-cache'], { SSH_AUTH_SOCK: socket })
    expect(withheld.exitCode).toBe(1)
    expect(withheld.stderr).toMatch(REFUSED)
  })
})

test('no agent of ours stays, and no file', async () => {
  const begun = performance.now()
  await until(() => running().filter((line) => line.includes('ssh-agent')).length === 1)
  // One that is left to itself looks after ten seconds whether it is needed.
  expect(performance.now() - begun).toBeLessThan(5_000)
  const tmp = join(world.data, 'tmp')
  expect(existsSync(tmp) ? readdirSync(tmp) : []).toEqual([])
})
