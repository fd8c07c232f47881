import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../helpers/until.ts'
import { type CallOptions, makeWorld, type World } from '../helpers/world.ts'

let world: World
let places: { user: string; other: string }
const lighter = (args: string[], options?: CallOptions) => world.lighter(args, options)

const METADATA = {
  SchemaVersion: '0.1.0',
  Vendor: 'Example',
  Version: 'v1.2',
  ShortDescription: 'Say what there is',
}

/** A plugin that does something; `metadata`: what it says of itself. */
function plugin(path: string, body: string, metadata: object = METADATA): void {
  write(
    path,
    `#!/bin/sh
if [ "$1" = docker-cli-plugin-metadata ]; then echo '${JSON.stringify(metadata)}'; exit; fi
${body}
`,
  )
}

function write(path: string, text: string, mode = 0o755): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  writeFileSync(path, text)
  chmodSync(path, mode)
  for (const own of [path, dirname(path)]) chownSync(own, world.ids.uid, world.ids.gid)
}

beforeAll(() => {
  world = makeWorld('plugins')
  const config = join(world.home, '.docker')
  places = { user: join(config, 'cli-plugins'), other: join(world.home, 'more') }
  plugin(
    join(places.user, 'docker-show'),
    'echo "$@"; echo "$DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND"; echo "$DOCKER_HOST"; echo "context=$DOCKER_CONTEXT"; exit 7',
  )
  chownSync(config, world.ids.uid, world.ids.gid)
  write(join(config, 'config.json'), JSON.stringify({ cliPluginsExtraDirs: [places.other] }), 0o644)
})
afterAll(() => world?.remove())

describe('a plugin', () => {
  test('gets all words, what the protocol wants, and its exit code counts', async () => {
    const args = ['--log-level', 'debug', 'show', '--flag', 'a b', '--help']
    const { exitCode, stdout } = await lighter(args, { env: { DOCKER_CONTEXT: 'elsewhere' } })
    expect(exitCode).toBe(7)
    expect(stdout.split('\n')).toEqual([
      '--log-level debug show --flag a b --help',
      expect.stringMatching(/^\/.*lighter$/),
      expect.stringMatching(new RegExp(`^unix://${world.sockets}/client-\\d+\\.sock$`)),
      'context=',
      '',
    ])
    expect(readdirSync(world.sockets).filter((name) => name.endsWith('.sock'))).toEqual([])
  })

  test('has an engine for as long as it runs', async () => {
    const ask = `curl -s --unix-socket "\${DOCKER_HOST#unix://}"`
    plugin(
      join(places.user, 'docker-ask'),
      `${ask} http://d/_ping; ${ask} -X POST -H 'Content-Type: application/json' -d '{"Name":"made"}' http://d/volumes/create >/dev/null`,
    )
    expect(await lighter(['ask'])).toEqual({ exitCode: 0, stdout: 'OK', stderr: '' })
    expect((await lighter(['volume', 'ls', '-q'])).stdout).toBe('made\n')
  })

  test('hears by its socket that it is to end', async () => {
    plugin(
      join(places.user, 'docker-linger'),
      `exec python3 -c 'import os,signal,socket
signal.signal(signal.SIGTERM, signal.SIG_IGN)
s = socket.socket(socket.AF_UNIX); s.connect(os.environ["DOCKER_CLI_PLUGIN_SOCKET"])
print("connected", flush=True); s.recv(1); print("told", flush=True)'`,
    )
    const child = world.start(['linger'])
    let said = ''
    child.stdout.on('data', (chunk) => {
      said += chunk
    })
    await until(() => said.includes('connected'), 'it connects')
    child.kill('SIGTERM')
    await until(() => child.exitCode !== null, 'it ends')
    expect([said, child.exitCode]).toEqual(['connected\ntold\n', 0])
  })

  test('is in the help, in info and among the completions', async () => {
    expect((await lighter(['--help'])).stdout).toMatch(/\n {2}show\* +Say what there is\n/)
    const info = JSON.parse((await lighter(['info', '-f', '{{json .ClientInfo.Plugins}}'])).stdout)
    expect(info).toContainEqual({
      ...METADATA,
      Name: 'show',
      Path: join(places.user, 'docker-show'),
    })
    expect((await lighter(['info'])).stdout).toMatch(
      / Plugins:\n(.*\n)* {2}show: Say what there is \(Example\)\n {4}Version: {2}v1\.2\n/,
    )
    expect((await lighter(['__complete', '--', 'sho'])).stdout).toBe('show\n:nofiles\n')
    expect((await lighter(['help', 'show'])).stdout).toMatch(/^show --help\n/)
    plugin(
      join(places.user, 'docker-words'),
      `test "$1" = __complete && printf '%s\\tsays\\n:4\\n' "$2-$4"`,
    )
    expect((await lighter(['__complete', '--', 'words', 'a', 'b'])).stdout).toBe(
      'words-b\tsays\n:nofiles\n',
    )
  })
})

describe('system client', () => {
  test('gives any program an engine for as long as it runs, and has its exit code', async () => {
    const script = `curl -s --unix-socket "\${DOCKER_HOST#unix://}" -X POST -H 'Content-Type: application/json' -d '{"Name":"theirs"}' http://d/volumes/create >/dev/null; echo "$DOCKER_HOST"; exit 9`
    const { exitCode, stdout } = await lighter(['system', 'client', 'sh', '-c', script])
    expect([exitCode, stdout]).toEqual([
      9,
      expect.stringMatching(new RegExp(`^unix://${world.sockets}/client-\\d+\\.sock\n$`)),
    ])
    expect((await lighter(['volume', 'ls', '-q'])).stdout).toMatch(/^theirs$/m)
  })

  test('that is not there, or ends by a signal', async () => {
    expect(await lighter(['system', 'client', 'nosuch'])).toEqual({
      exitCode: 127,
      stdout: '',
      stderr: 'exec: "nosuch": no such file or directory\n',
    })
    expect((await lighter(['system', 'client', 'sh', '-c', 'kill -9 $$'])).exitCode).toBe(137)
  })

  test('what was killed leaves nothing that the next one does not remove', async () => {
    const child = world.start(['system', 'client', 'sleep', '1000'])
    const sockets = () => readdirSync(world.sockets).filter((name) => name.endsWith('.sock'))
    await until(() => sockets().length > 0, 'it is up')
    child.kill('SIGKILL')
    await until(() => child.signalCode !== null, 'it ends')
    await world.run('pkill', ['-u', String(world.ids.uid), '-x', 'sleep'])
    expect(sockets()).toHaveLength(1)
    await lighter(['system', 'client', 'true'])
    expect(sockets()).toEqual([])
  })
})

describe('what is not run', () => {
  const refused = (path: string, what: string) => ({
    exitCode: 1,
    stdout: '',
    stderr: `${path} is not run: others can change ${what}\n'chmod go-w', or 'chown', makes it this user's or root's alone.\n`,
  })

  test('a file, a directory or a target that others can change', async () => {
    const path = join(places.user, 'docker-loose')
    plugin(path, 'echo ran')
    expect((await lighter(['loose'])).stdout).toBe('ran\n')
    chmodSync(path, 0o757)
    expect(await lighter(['loose'])).toEqual(refused(path, 'docker-loose'))
    chmodSync(path, 0o755)
    chownSync(path, 65534, 65534)
    expect(await lighter(['loose'])).toEqual(refused(path, 'docker-loose'))
    chownSync(path, 0, 0)
    expect((await lighter(['loose'])).stdout).toBe('ran\n')
    chmodSync(places.user, 0o777)
    expect(await lighter(['loose'])).toEqual(refused(path, places.user))
    expect((await lighter(['info'])).stderr).toContain(
      `WARNING: ${path} is not run: others can change ${places.user}\n`,
    )
    chmodSync(places.user, 0o755)
    rmSync(path)
  })

  test('what does not answer as a plugin', async () => {
    const path = join(places.other, 'docker-odd')
    for (const text of [
      '#!/bin/sh\necho hello\n',
      '#!/bin/sh\nexit 1\n',
      `#!/bin/sh\necho '{"SchemaVersion":"0.1.0"}'\n`,
      `#!/bin/sh\necho '{"SchemaVersion":"9","Vendor":"x"}'\n`,
      'no program',
    ]) {
      write(path, text)
      const { exitCode, stderr } = await lighter(['odd'])
      expect([exitCode, stderr]).toEqual([
        1,
        "lighter: 'odd' is not a docker command.\nSee 'lighter --help'\n",
      ])
    }
    write(path, 'plain', 0o644)
    expect((await lighter(['odd'])).exitCode).toBe(1)
  })

  test('one with a name of our own', async () => {
    for (const name of ['buildx', 'ps', 'system']) {
      plugin(join(places.other, `docker-${name}`), 'echo plugin')
    }
    expect((await lighter(['buildx', 'version'])).stdout).toMatch(/lighter/)
    expect((await lighter(['ps', '-q'])).stdout).toBe('')
    expect((await lighter(['--help'])).stdout).not.toMatch(/ (buildx|ps|system)\*/)
  })
})

test('the user’s directory counts before others', async () => {
  plugin(join(places.other, 'docker-twice'), 'echo other')
  expect((await lighter(['twice'])).stdout).toBe('other\n')
  plugin(join(places.user, 'docker-twice'), 'echo user')
  // Directories of the settings come first.
  expect((await lighter(['twice'])).stdout).toBe('other\n')
  rmSync(join(places.other, 'docker-twice'))
  expect((await lighter(['twice'])).stdout).toBe('user\n')
})

describe('compose', () => {
  test('that is a program of its own gets what follows', async () => {
    const bin = join(world.home, 'bin')
    write(join(bin, 'docker-compose'), `#!/bin/sh\necho "$@" "\${DOCKER_HOST%/*}"\n`)
    const env = { PATH: `${bin}:${world.env.PATH}` }
    expect((await lighter(['compose', 'up', '-d'], { env })).stdout).toBe(
      `up -d unix://${world.sockets}\n`,
    )
    rmSync(bin, { recursive: true })
  })

  test('that is not there: what to install', async ({ skip }) => {
    const installed = existsSync('/usr/bin/docker-compose') || existsSync('/usr/libexec/docker')
    skip(installed, 'Docker Compose is installed on this machine')
    const { exitCode, stderr } = await lighter(['compose', 'up'])
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringMatching(/^compose: Docker Compose is not installed: .*docker-compose\n$/),
    ])
  })
})
