import { execFileSync } from 'node:child_process'
import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import {
  bcrypt,
  type Server,
  startRegistryWith,
  startTokenServer,
  writeAs,
} from '../helpers/registries.ts'
import { openTerminal } from '../helpers/terminal.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const PASSWORD = 'correct horse: battery/staple'
const ENCODED = Buffer.from(`tester:${PASSWORD}`).toString('base64')

let world: World
let server: Server
let host = ''

beforeAll(async () => {
  const file = join(inject('work'), `login-${process.pid}`)
  writeFileSync(file, `tester:${bcrypt(PASSWORD)}\n`)
  server = await startRegistryWith(`auth:\n  htpasswd: { realm: tests, path: ${file} }`)
  host = server.host
})
afterAll(() => server.stop())
beforeEach(() => {
  world = makeWorld('login')
  // The helpers that this machine has are for the tests of helpers.
  world.env.PATH = `${join(world.home, 'bin')}:/usr/sbin:/usr/bin:/sbin:/bin`
})
afterEach(() => world.remove())

const path = () => join(world.home, '.docker/config.json')
const config = () => JSON.parse(readFileSync(path(), 'utf8'))
const writeConfig = (value: unknown) => writeAs(world.ids, path(), JSON.stringify(value))
const logIn = (password = PASSWORD, at = host, ...flags: string[]) =>
  world.lighter(['login', '-u', 'tester', '--password-stdin', ...flags, at], {
    input: `${password}\n`,
  })
const pull = () => world.lighter(['pull', '-q', `${host}/busybox`])

describe('in the file', () => {
  test('a login is kept beside other settings, and a logout takes it away', async () => {
    writeConfig({ psFormat: '{{.ID}}', auths: { 'other.example': { auth: 'eDp5' } } })
    const outcome = await logIn()
    expect(outcome).toEqual({
      exitCode: 0,
      stdout: 'Login Succeeded\n',
      stderr: `WARNING! Your password will be stored unencrypted in ${path()}.
Configure a credential helper to remove this warning. See
https://docs.docker.com/engine/reference/commandline/login/#credentials-store

`,
    })
    expect(config()).toEqual({
      psFormat: '{{.ID}}',
      auths: { 'other.example': { auth: 'eDp5' }, [host]: { auth: ENCODED } },
    })
    expect(statSync(path()).mode & 0o777).toBe(0o600)
    expect(await pull()).toMatchObject({ exitCode: 0, stderr: '' })

    const out = await world.lighter(['logout', `https://${host}/v1/`])
    expect(out).toEqual({
      exitCode: 0,
      stdout: `Removing login credentials for ${host}\n`,
      stderr: '',
    })
    expect(config()).toEqual({ psFormat: '{{.ID}}', auths: { 'other.example': { auth: 'eDp5' } } })
    expect((await pull()).stderr).toContain('no basic auth credentials')
  })

  test('that is a link stays one', async () => {
    const target = join(world.home, 'dotfiles/docker.json')
    writeAs(world.ids, target, '{}')
    writeAs(world.ids, join(world.home, '.docker/other'), '')
    symlinkSync(target, path())
    expect((await logIn()).exitCode).toBe(0)
    expect(JSON.parse(readFileSync(target, 'utf8')).auths[host]).toEqual({ auth: ENCODED })
  })

  test('that is no JSON is not written over', async () => {
    writeAs(world.ids, path(), '{ "auths": ')
    const { exitCode, stderr } = await logIn()
    expect(exitCode).toBe(1)
    expect(stderr).toContain(`${path()} is no JSON object: mend or remove it\n`)
    expect(readFileSync(path(), 'utf8')).toBe('{ "auths": ')
  })

  test('a wrong password is told, and nothing is kept', async () => {
    const { exitCode, stderr, stdout } = await logIn('wrong')
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toBe(
      `Error response from daemon: login attempt to http://${host}/v2/ failed with status: 401 Unauthorized\n`,
    )
    expect(() => config()).toThrow(/ENOENT/)
  })

  test('what is known is tried before anybody is asked', async () => {
    writeConfig({ auths: { [host]: { auth: ENCODED } } })
    const again = await world.lighter(['login', host])
    expect(again.stdout).toBe('Authenticating with existing credentials...\nLogin Succeeded\n')
    writeConfig({ auths: { [host]: { auth: Buffer.from('tester:old').toString('base64') } } })
    const stale = await world.lighter(['login', host])
    expect(stale.exitCode).toBe(1)
    expect(stale.stderr).toMatch(
      /^Login did not succeed, error: Error response from daemon: login attempt to http:\S+ failed with status: 401 Unauthorized\n/,
    )
    expect(stale.stderr).toContain('Cannot perform an interactive login from a non TTY device')
  })

  test('Podman and skopeo have a file of their own, also for one repository', async () => {
    const file = join(world.home, '.config/containers/auth.json')
    const wrong = { auth: Buffer.from('tester:wrong').toString('base64') }
    const auths = { [host]: wrong, [`${host}/busybox`]: { auth: ENCODED } }
    writeAs(world.ids, file, JSON.stringify({ auths }))
    execFileSync('chown', ['-R', `${world.ids.uid}:${world.ids.gid}`, join(world.home, '.config')])
    expect(await pull()).toMatchObject({ exitCode: 0, stderr: '' })
  })
})

test('what containers keep for one namespace is not for another', async () => {
  const file = join(world.home, '.config/containers/auth.json')
  writeAs(world.ids, file, JSON.stringify({ auths: { [`${host}/other`]: { auth: ENCODED } } }))
  execFileSync('chown', ['-R', `${world.ids.uid}:${world.ids.gid}`, join(world.home, '.config')])
  expect((await pull()).stderr).toContain('no basic auth credentials')
})

describe('with a helper', () => {
  /** Keeps what it is given in files; every argument it ever got is in `args`. */
  const SCRIPT = `#!/bin/sh
d=$(dirname "$0"); echo "$@" >>$d/args
case $1 in
store) cat >$d/kept ;;
get) cat >/dev/null; [ -s $d/kept ] && cat $d/kept || { echo credentials not found in native keychain; exit 1; } ;;
erase) cat >$d/erased; rm -f $d/kept ;;
esac
`
  const inBin = (name: string) => join(world.home, 'bin', name)

  test('it gets the secret through its standard input, and the file has none', async () => {
    writeAs(world.ids, inBin('docker-credential-test'), SCRIPT, 0o755)
    writeConfig({ credsStore: 'test' })
    expect(await logIn()).toEqual({ exitCode: 0, stdout: 'Login Succeeded\n', stderr: '' })
    expect(JSON.parse(readFileSync(inBin('kept'), 'utf8'))).toEqual({
      ...{ ServerURL: host, Username: 'tester', Secret: PASSWORD },
    })
    expect(config()).toEqual({ credsStore: 'test', auths: { [host]: {} } })
    expect(await pull()).toMatchObject({ exitCode: 0, stderr: '' })
    await world.lighter(['logout', host])
    expect(readFileSync(inBin('erased'), 'utf8')).toBe(host)
    expect(config()).toEqual({ credsStore: 'test', auths: {} })
    expect(new Set(readFileSync(inBin('args'), 'utf8').trim().split('\n'))).toEqual(
      new Set(['store', 'get', 'erase']),
    )
  })

  test('one that fails is told, and nothing is kept in clear instead', async () => {
    const script = '#!/bin/sh\ncat >/dev/null; echo the safe is locked; exit 1\n'
    writeAs(world.ids, inBin('docker-credential-test'), script, 0o755)
    writeConfig({ credsStore: 'test' })
    const { exitCode, stderr } = await logIn()
    expect(exitCode).toBe(1)
    expect(stderr).toBe(
      'Error saving credentials: error storing credentials - err: exit status 1, out: `the safe is locked`\n',
    )
    expect(config()).toEqual({ credsStore: 'test' })
  })

  test('one that cannot forget is told, and the file forgets all the same', async () => {
    const script = '#!/bin/sh\ncat >/dev/null; echo no; exit 1\n'
    writeAs(world.ids, inBin('docker-credential-test'), script, 0o755)
    writeConfig({ credsStore: 'test', auths: { [host]: {} } })
    const { exitCode, stderr } = await world.lighter(['logout', host])
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: `WARNING: could not erase credentials:\n${host}: error erasing credentials - err: exit status 1, out: \`no\`\n`,
    })
    expect(config()).toEqual({ credsStore: 'test', auths: {} })
  })

  test('pass, where it is set up, is taken without being asked for', {
    timeout: 120_000,
  }, async () => {
    const home = world.home
    const as = (...args: string[]) =>
      execFileSync(args[0] ?? '', args.slice(1), {
        ...world.ids,
        env: { ...world.env, HOME: home, GNUPGHOME: join(home, '.gnupg') },
        stdio: 'pipe',
      })
    const key = ['--batch', '--passphrase', '', '--quick-generate-key', 'tester@example.org']
    as('gpg', ...key, 'rsa2048', 'encrypt', 'never')
    as('pass', 'init', 'tester@example.org')
    try {
      expect(await logIn()).toEqual({ exitCode: 0, stdout: 'Login Succeeded\n', stderr: '' })
      expect(config()).toEqual({ credsStore: 'pass', auths: { [host]: {} } })
      expect(await pull()).toMatchObject({ exitCode: 0, stderr: '' })
      expect((await world.lighter(['logout', host])).exitCode).toBe(0)
      expect((await pull()).stderr).toContain('no basic auth credentials')
    } finally {
      as('gpgconf', '--kill', 'all')
    }
  })
})

test('a registry with tokens gives one to keep in place of the password', async () => {
  const password = 'horse-battery'
  const tokens = await startTokenServer('tester', password)
  const locked = await startRegistryWith(tokens.settings)
  try {
    expect((await logIn('wrong', locked.host)).exitCode).toBe(1)
    const { exitCode, stdout } = await logIn(password, locked.host)
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'Login Succeeded\n' })
    expect(config().auths[locked.host]).toEqual({
      auth: Buffer.from('tester:').toString('base64'),
      identitytoken: `refresh-${password}`,
    })
    const outcome = await world.lighter(['pull', '-q', `${locked.host}/busybox`])
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' })
  } finally {
    await locked.stop()
    await tokens.stop()
  }
})

test('on a terminal name and password are asked for, and the password is not shown', async () => {
  const terminal = await openTerminal(world, ['login', host])
  await terminal.waitFor(/Username: /)
  terminal.type('tester\r')
  await terminal.waitFor(/Password: /)
  terminal.type('x\x7f')
  terminal.type(`${PASSWORD}\r`)
  await terminal.waitFor(/Login Succeeded/)
  expect(await terminal.exitCode()).toBe(0)
  expect(terminal.output()).not.toContain('horse')
  expect(config().auths[host]).toEqual({ auth: ENCODED })
})

test.each([
  [[], 'Error: Cannot perform an interactive login from a non TTY device\n'],
  [['--password-stdin'], 'Must provide --username with --password-stdin\n'],
  [['-u', 'x', '-p', 'y', '--password-stdin'], /mutually exclusive\n$/],
  [['-p', 'y'], /error while reading input: EOF\n$/],
])('login %j', async (flags, stderr) => {
  const outcome = await world.lighter(['login', ...flags, host])
  expect(outcome.exitCode).toBe(1)
  if (typeof stderr === 'string') expect(outcome.stderr).toBe(stderr)
  else expect(outcome.stderr).toMatch(stderr)
})
