import { execFileSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { printed, writeContext } from '../helpers/builds.ts'
import { type DockerClient, openDockerClient } from '../helpers/buildx.ts'
import { processesOf } from '../helpers/leftovers.ts'
import { until } from '../helpers/until.ts'
import { testUser, type World } from '../helpers/world.ts'

let client: DockerClient
let world: World

beforeAll(async () => {
  client = await openDockerClient('api-buildkit')
  world = client.world
})
afterAll(async () => {
  await client?.stop()
})

const docker: DockerClient['docker'] = (...args) => client.docker(...args)
const built: DockerClient['built'] = (...args) => client.built(...args)
/** Steps that are running now. */
const sleeping = (): string[] =>
  processesOf(testUser()).filter((line) => / sleep 3\d\d$/.test(line))

describe('a context', () => {
  const files = { 'a.txt': 'a', 'dir/b.txt': 'b', 'dir/c.tmp': 'c', 'ümlaut.txt': 'u' }

  test('comes without what its ignore file leaves out, with links, modes and times', async () => {
    const directory = writeContext(world, {
      ...files,
      '.dockerignore': '**/*.tmp\n',
      Dockerfile: 'FROM BASE\nCOPY . /all\n',
    })
    symlinkSync('a.txt', join(directory, 'link'))
    execFileSync('chmod', ['750', join(directory, 'dir')])
    execFileSync('touch', ['-d', '@1000000000.5', join(directory, 'a.txt')])
    const progress = await built(directory, '-t', 'all')
    expect(progress).toMatch(/\[internal\] load build context\n#\d+ transferring context: \d/)
    const list = 'cd /all && find . | sort && stat -c "%a %n" dir && stat -c %Y a.txt && cat link'
    expect(await printed(world, 'all', 'sh', '-c', list)).toBe(
      './.dockerignore\n./Dockerfile\n./a.txt\n./dir\n./dir/b.txt\n./link\n./ümlaut.txt\n'
        .replace('.', '.\n.')
        .concat('750 dir\n1000000000\na'),
    )
  })

  test('is asked for no more than the steps take', async () => {
    const directory = writeContext(world, {
      ...files,
      Dockerfile: 'FROM BASE\nCOPY dir/*.txt ümlaut.txt /some/\n',
      'large.bin': 'x'.repeat(4 * 1024 * 1024),
    })
    const progress = await built(directory, '-t', 'some')
    expect(await printed(world, 'some', 'find', '/some', '-type', 'f')).toBe(
      '/some/b.txt\n/some/ümlaut.txt\n',
    )
    const [, size = ''] = /transferring context: ([\d.]+[kMG]?B)/.exec(progress) ?? []
    expect(size).toMatch(/^\d+B$/)
  })

  test('is found in the cache when it is sent again, and not when it has changed', async () => {
    const directory = writeContext(world, {
      ...files,
      Dockerfile: 'FROM BASE\nCOPY a.txt /\nRUN cat /a.txt\n',
    })
    expect(await built(directory)).toMatch(/ a\n/)
    expect(await built(directory)).toMatch(/COPY a\.txt \/\n#\d+ CACHED/)
    execFileSync('sh', ['-c', `echo other > ${directory}/a.txt`])
    expect(await built(directory)).toMatch(/ other\n/)
  })

  test('may be standard input, as an archive or as a Dockerfile', async () => {
    const directory = writeContext(world, { 'a.txt': 'a' })
    const text = `FROM ${inject('registry')}/busybox:latest\nCOPY a.txt /\n`
    const input = { input: text }
    const words = ['buildx', 'build', '-q', '-t', 'piped', '-f', '-', directory]
    expect(await docker(words, input)).toMatchObject({ exitCode: 0 })
    expect(await printed(world, 'piped', 'cat', '/a.txt')).toBe('a')
    const script = `printf '%s' "$TEXT" > Dockerfile && tar -c . | docker buildx build -q -t tarred -`
    execFileSync('chown', ['-R', `${world.ids.uid}`, directory])
    const outcome = await client.shell(script, { cwd: directory, env: { TEXT: text } })
    expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
    expect(await printed(world, 'tarred', 'cat', '/a.txt')).toBe('a')
  })

  test('that has names of its own is one beside the other', async () => {
    const other = writeContext(world, { 'x.txt': 'x', 'y.txt': 'y', '.dockerignore': 'y.txt' })
    const directory = writeContext(world, {
      Dockerfile: 'FROM BASE\nCOPY --from=other . /other\nCOPY --from=image /bin/busybox /b\n',
    })
    const image = `docker-image://${inject('registry')}/busybox:latest`
    const contexts = ['--build-context', `other=${other}`, '--build-context', `image=${image}`]
    await built(directory, '-t', 'named', ...contexts)
    expect(await printed(world, 'named', 'ls', '/other')).toBe('x.txt\n')
  })
})

test('arguments, labels, hosts, a target and a name are as they were said', async () => {
  const directory = writeContext(world, {
    'sub/Other.Dockerfile':
      'FROM BASE AS one\nARG WHO=nobody\nRUN echo $WHO > /who && cat /etc/hosts\nFROM one\nRUN false\n'.replaceAll(
        'BASE',
        `${inject('registry')}/busybox:latest`,
      ),
  })
  const progress = await built(
    directory,
    ...['-f', `${directory}/sub/Other.Dockerfile`, '--target', 'one', '--build-arg', 'WHO=you'],
    ...['--label', 'a=b=c', '--add-host', 'there:10.1.2.3', '-t', 'said:v1', '-t', 'said:v2'],
  )
  expect(progress).toMatch(/10\.1\.2\.3\s+there/)
  expect(await printed(world, 'said:v2', 'cat', '/who')).toBe('you\n')
  const { stdout } = await docker(['image', 'inspect', '-f', '{{json .Config.Labels}}', 'said:v1'])
  expect(JSON.parse(stdout)).toMatchObject({ a: 'b=c' })
})

test('a step that fails is told with its output, its lines and its exit code', async () => {
  const directory = writeContext(world, {
    Dockerfile: 'FROM BASE\nRUN echo out; echo err >&2; exit 7\n',
  })
  const outcome = await docker(['buildx', 'build', '--progress', 'plain', directory])
  expect(outcome.exitCode).toBe(1)
  expect(outcome.stderr).toMatch(/^#\d+ [\d.]+ out$/m)
  expect(outcome.stderr).toMatch(/^#\d+ [\d.]+ err$/m)
  expect(outcome.stderr).toContain('   2 | >>> RUN echo out; echo err >&2; exit 7\n')
  expect(outcome.stderr).toMatch(
    /ERROR: failed to solve: process "\/bin\/sh -c echo out; echo err >&2; exit 7" did not complete successfully: exit code: 7\n?$/,
  )
})

describe('secrets', () => {
  const word = `secret-${process.pid}`

  test('come from the client, and stay nowhere', async () => {
    const directory = writeContext(world, {
      Dockerfile:
        'FROM BASE\nRUN --mount=type=secret,id=s --mount=type=secret,id=v,env=V --mount=type=secret,id=no test "$(cat /run/secrets/s)$V" = "$WORD$WORD" -o ! -e /run/secrets/no && wc -c < /run/secrets/s\n',
    })
    const env = { WORD: word }
    const words = ['--secret', 'id=s,env=WORD', '--secret', 'id=v,env=WORD', directory]
    const outcome = await docker(['buildx', 'build', '--progress', 'plain', ...words], { env })
    expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
    expect(outcome.stderr).toMatch(new RegExp(`^#\\d+ [\\d.]+ ${word.length}$`, 'm'))
    const found = await world.run('/bin/grep', ['-rl', word, world.home, world.runtime])
    expect(found.stdout).toBe('')
  })

  test('that are required and not given end the build', async () => {
    const directory = writeContext(world, {
      Dockerfile: 'FROM BASE\nRUN --mount=type=secret,id=s,required=true cat /run/secrets/s\n',
    })
    const outcome = await docker(['buildx', 'build', '--progress', 'plain', directory])
    expect(outcome.exitCode).toBe(1)
    expect(outcome.stderr).toContain('secret s: not found')
  })
})

test('an agent of the client is asked by the step', async () => {
  const { stdout } = await world.run('/bin/sh', [
    '-c',
    'ssh-keygen -q -t ed25519 -N "" -f key && ssh-agent -a $HOME/agent >/dev/null && SSH_AUTH_SOCK=$HOME/agent ssh-add -q key && pgrep -u $(id -u) -n ssh-agent',
  ])
  const talk =
    'use Socket; socket(S,AF_UNIX,SOCK_STREAM,0); connect(S,sockaddr_un($ENV{SSH_AUTH_SOCK})) or die $!; for (11,19,11) { syswrite S,pack("NC",1,$_); sysread S,$b,4; sysread S,$c,unpack("N",$b); print "got ".ord($c)."\\n" }'
  const directory = writeContext(world, {
    'talk.pl': talk,
    Dockerfile: `FROM ${inject('registry')}/debian:bookworm\nCOPY talk.pl /\nRUN --mount=type=ssh perl /talk.pl\n`,
  })
  const env = { SSH_AUTH_SOCK: join(world.home, 'agent') }
  const words = ['buildx', 'build', '--progress', 'plain', '--ssh', 'default', directory]
  const outcome = await docker(words, { env })
  process.kill(Number(stdout))
  expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
  expect([...outcome.stderr.matchAll(/got (\d+)/g)].map(([, type]) => type)).toEqual([
    '12',
    '5',
    '12',
  ])
})

describe('builds at the same time', () => {
  const directory = () =>
    writeContext(world, {
      Dockerfile: 'FROM BASE\nARG N\nRUN echo begun; test $N -lt 300 || sleep $N\n',
    })

  test.each(['SIGINT', 'SIGKILL'] as const)(
    'a client that is gone by %s ends its own',
    async (signal) => {
      const place = directory()
      const words = ['buildx', 'build', '--progress', 'plain', '--build-arg']
      const child = client.start([...words, 'N=301', place])
      let said = ''
      child.stderr.on('data', (text) => {
        said += text
      })
      const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
      await until(() => /[\d.]+ begun\n/.test(said), 'the step runs')
      await until(() => sleeping().length > 0, 'the step sleeps')
      expect(await docker([...words, 'N=1', '-t', 'beside', place])).toMatchObject({ exitCode: 0 })
      expect(sleeping().length).toBeGreaterThan(0)
      // The plugin is a process of its own.
      for (const line of processesOf(testUser()))
        if (line.includes('docker-buildx')) process.kill(Number(line.split(' ')[0]), signal)
      await ended
      await until(() => sleeping().length === 0, 'the step ends')
    },
  )

  test('several go on beside each other', async () => {
    const place = directory()
    const outcomes = await Promise.all(
      [1, 2, 3, 4].map((n) =>
        docker(['buildx', 'build', '-q', '--build-arg', `N=${n}`, '-t', `n${n}`, place]),
      ),
    )
    expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0])
  })

  test('a service that is told to end ends what it builds', async () => {
    const own = await openDockerClient('api-buildkit-end')
    const place = writeContext(own.world, { Dockerfile: 'FROM BASE\nRUN echo begun; sleep 302\n' })
    const child = own.start(['buildx', 'build', '--progress', 'plain', place])
    await until(() => sleeping().length > 0, 'the step sleeps')
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
    child.stderr.resume()
    await own.service.stop()
    await ended
    await until(() => sleeping().length === 0, 'the step ends')
    await own.world.remove()
  })
})

test('what can be asked of a Dockerfile is answered', async () => {
  const directory = writeContext(world, {
    Dockerfile: '# WHO is greeted\nFROM BASE AS one\nARG WHO=you\nFROM one\n',
  })
  const env = { BUILDX_EXPERIMENTAL: '1' }
  const ask = async (what: string) =>
    (await docker(['buildx', 'build', `--print=${what}`, directory], { env })).stdout
  expect(await ask('targets')).toMatch(/^TARGET {4}DESCRIPTION\none {6} *\n\(default\) *\n$/)
  expect(await ask('outline')).toContain('WHO         you')
  expect(JSON.parse(await ask('targets,format=json')).targets).toHaveLength(2)
})
