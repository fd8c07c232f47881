import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { UNSTARTED_THROWAWAY } from '../../lib/container/state.ts'
import { openTerminal } from '../helpers/terminal.ts'
import { until, untilConnected, untilDead, untilOpen } from '../helpers/until.ts'
import { finish, makeWorld, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox:latest`

let world: World
const lighter = (...args: string[]) => world.lighter(args)
const run = (...args: string[]) =>
  lighter('run', '--rm', ...(args.includes('--network') ? [] : ['--network', 'none']), ...args)

beforeAll(async () => {
  world = makeWorld('flags')
  await lighter('pull', '-q', image)
})
afterAll(() => world.remove())

async function killMonitor(state: string): Promise<void> {
  const { pid } = JSON.parse(readFileSync(state, 'utf8')).monitor
  process.kill(pid, 'SIGKILL')
  await untilDead(pid)
}

function write(name: string, text: string): string {
  const path = join(world.home, name)
  writeFileSync(path, text, { mode: 0o644 })
  return path
}

describe('run', () => {
  test('--env-file, -e and the environment of the caller', async () => {
    const file = write('env', '# comment\n\nA=from file\nB=1\nGIVEN\nMISSING\n')
    const args = ['run', '--rm', '--network', 'none', '--env-file', file, '-e', 'B=2', '-e', 'HOST']
    const outcome = await world.lighter([...args, image, 'env'], {
      env: { GIVEN: 'given', HOST: 'host' },
    })
    const lines = outcome.stdout.split('\n')
    expect(lines).toEqual(
      expect.arrayContaining(['A=from file', 'B=2', 'GIVEN=given', 'HOST=host', 'HOME=/root']),
    )
    expect(lines.some((line) => line.startsWith('MISSING'))).toBe(false)
  })

  test('an --env-file is the container’s alone, and none when the command has the word', async () => {
    const file = write('foreign', 'PATH=/bin:/nowhere\nHOME=/nowhere\nNODE_OPTIONS=--nosuch\n')
    const outcome = await run('--env-file', file, image, 'sh', '-c', 'echo $HOME $NODE_OPTIONS')
    expect(outcome).toMatchObject({ exitCode: 0, stdout: '/nowhere --nosuch\n' })
    expect((await run(image, 'echo', '--env-file', '/x')).stdout).toBe('--env-file /x\n')
    expect(await run('--env-file', '/no/such', image, 'true')).toMatchObject({
      exitCode: 125,
      stderr: expect.stringMatching(/^lighter: open \/no\/such: no such file or directory/),
    })
  })

  test('--label-file and --label', async () => {
    const file = write('labels', 'one=1\ntwo\n')
    await lighter('create', '--name', 'labelled', '--label-file', file, '-l', 'three=3', image)
    const [{ Config }] = JSON.parse((await lighter('inspect', 'labelled')).stdout)
    // Docker drops what has no value in a file.
    expect(Config.Labels).toMatchObject({ one: '1', three: '3' })
    expect(Config.Labels).not.toHaveProperty('two')
    await lighter('rm', 'labelled')
  })

  test('--cidfile is written once', async () => {
    const file = join(world.home, 'cid')
    expect((await run('--cidfile', file, image, 'true')).exitCode).toBe(0)
    expect(readFileSync(file, 'utf8')).toMatch(/^[0-9a-f]{64}$/)
    const second = await run('--cidfile', file, image, 'true')
    expect(second.stderr).toMatch(/container ID file found/)
    expect(second.exitCode).toBe(125)
  })

  test('--cidfile where no file can be: the code of run goes by the reason', async () => {
    const words =
      'failed to create the container ID file: open /nope/cid: no such file or directory'
    const ran = await run('--cidfile', '/nope/cid', image, 'true')
    expect(ran).toMatchObject({ exitCode: 127, stdout: '' })
    expect(ran.stderr).toBe(`lighter: ${words}.\nSee 'lighter run --help'.\n`)
    const created = await lighter('create', '--cidfile', '/nope/cid', image)
    expect(created).toEqual({ exitCode: 1, stdout: '', stderr: `${words}\n` })
    expect((await run('--cidfile', world.home, image, 'true')).exitCode).toBe(125)
  })

  test('--cidfile goes again when no container was made', async () => {
    await lighter('create', '--name', 'taken', image)
    const file = join(world.home, 'cid-of-none')
    const late = join(world.home, 'later')
    const failing: string[][] = [
      ['run', '--mount', `type=bind,src=${late},dst=/x`, image, 'true'],
      ['run', '-v', '/a:b:c:d', image, 'true'],
      ['run', '--pull', 'never', 'nosuch:1', 'true'],
      ['run', '--pull', 'never', '--platform', 'linux/s390x', image, 'true'],
      ['run', '--name', 'taken', image, 'true'],
      ['create', '--cap-add', 'NOPE', image],
    ]
    for (const [command = '', ...rest] of failing) {
      const { exitCode } = await lighter(command, '--cidfile', file, ...rest)
      expect([rest, exitCode]).toEqual([rest, command === 'run' ? 125 : 1])
      expect([rest, existsSync(file)]).toEqual([rest, false])
    }
    // One that was there already is somebody else's.
    const foreign = write('foreign-cid', 'mine')
    await run('--cidfile', foreign, image, 'true')
    expect(readFileSync(foreign, 'utf8')).toBe('mine')
    expect(await world.run('mkdir', [late])).toMatchObject({ exitCode: 0 })
    const mount = `type=bind,src=${late},dst=/x`
    expect(await run('--cidfile', file, '--mount', mount, image, 'true')).toMatchObject({
      exitCode: 0,
      stderr: '',
    })
    expect(readFileSync(file, 'utf8')).toMatch(/^[0-9a-f]{64}$/)
    await lighter('rm', 'taken')
  })

  test('--group-add by number and by name', async () => {
    const outcome = await run('--group-add', '99', '--group-add', 'audio', image, 'id', '-G')
    expect(outcome.stdout).toBe('0 29 99\n')
    expect(await run('--group-add', 'nosuch', image, 'id')).toMatchObject({ exitCode: 125 })
  })

  test('--group-add is for further processes too, whoever they run as, and for health checks', async () => {
    const check = ['--health-cmd', 'id -G', '--health-interval', '100ms']
    const groups = ['--group-add', '99', '--group-add', 'audio']
    await run('-d', '--name', 'grouped', ...groups, ...check, image, 'sleep', '100')
    const exec = async (...flags: string[]) =>
      (await lighter('exec', ...flags, 'grouped', 'id', '-G')).stdout
    expect(await exec()).toBe('0 29 99\n')
    expect(await exec('-u', '1234:5')).toBe('5 29 99\n')
    const checks = ['inspect', '-f', '{{with .State.Health.Log}}{{(index . 0).Output}}{{end}}']
    await until(async () => (await lighter(...checks, 'grouped')).stdout.trim() !== '', 'a check')
    expect((await lighter(...checks, 'grouped')).stdout.trim()).toBe('0 29 99')
    await lighter('rm', '-f', 'grouped')
  })

  test('a seccomp profile of a file', async () => {
    const profile = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 28 }],
    }
    const file = write('seccomp.json', JSON.stringify(profile))
    const outcome = await run('--security-opt', `seccomp=${file}`, image, 'mkdir', '/x')
    expect(outcome.stderr).toMatch(/No space left/)
    const missing = await run('--security-opt', 'seccomp=/nosuch', image, 'true')
    expect(missing.stderr).toMatch(/^lighter: opening seccomp profile \(\/nosuch\) failed/)
  })

  test.each<[string, RegExp]>([
    ['none', /^1: lo:(?![\s\S]*eth0)/],
    ['bridge', /eth0[\s\S]*inet 172\.17\.\d+\.\d+\/16/],
    ['slirp4netns', /tap0[\s\S]*inet 10\.0\.2\.100\/24/],
    ['host', /^1: lo:/],
  ])('--network %s', async (network, pattern) => {
    const outcome = await run('--network', network, image, 'ip', 'addr')
    expect(outcome.stderr).toBe('')
    expect(outcome.stdout).toMatch(pattern)
  })

  test.each(['host', 'none'])('inspect tells the ids of %s once it ran', async (network) => {
    await lighter('run', '-d', '--name', 'on', '--network', network, image, 'sleep', '1000')
    const format = '{{range .NetworkSettings.Networks}}{{.NetworkID}} {{len .EndpointID}}{{end}}'
    const { stdout: id } = await lighter('network', 'inspect', '-f', '{{.Id}}', network)
    expect((await lighter('inspect', '-f', format, 'on')).stdout).toBe(`${id.trim()} 64\n`)
    await lighter('kill', 'on')
    await lighter('wait', 'on')
    expect((await lighter('inspect', '-f', format, 'on')).stdout).toBe(`${id.trim()} 0\n`)
    await lighter('rm', 'on')
  })

  test('-a chooses streams; with none of the output the id is printed', async () => {
    const script = 'echo out; echo err >&2'
    const one = await run('-a', 'stderr', image, 'sh', '-c', script)
    expect(one).toMatchObject({ stdout: '', stderr: 'err\n' })
    const none = await run('-a', 'stdin', image, 'sh', '-c', script)
    expect(none.stdout).toMatch(/^[0-9a-f]{64}\n$/)
  })

  test('signals are passed on, those of job control too', async () => {
    const script = 'trap "echo got it; exit 5" TSTP; echo ready; while :; do sleep 0.05; done'
    const client = world.start(['run', '--rm', '--network', 'none', image, 'sh', '-c', script])
    const ended = finish(client)
    await new Promise((resolve) => client.stdout.once('data', resolve))
    client.kill('SIGTSTP')
    expect(await ended).toMatchObject({ exitCode: 5, stdout: 'ready\ngot it\n' })
  })

  test('a reader that leaves ends the client, not the container', async () => {
    const script = `${inject('program')} run --network none --name talks ${image} yes | head -n 1`
    const outcome = await world.run('sh', ['-c', script])
    expect(outcome).toMatchObject({ stdout: 'y\n', stderr: 'write /dev/stdout: broken pipe\n' })
    expect((await lighter('ps', '-q')).stdout).not.toBe('')
    await lighter('rm', '-f', 'talks')
  })

  test('--detach-keys of one’s own; wrong ones before anything is made', async () => {
    const keys = ['--detach-keys', 'ctrl-x,x']
    const terminal = await openTerminal(world, ['run', '-it', '--name', 'left', ...keys, image])
    await terminal.waitFor(/# /)
    terminal.type('\x18x')
    expect(await terminal.exitCode()).toBe(0)
    expect((await lighter('ps', '-q')).stdout).not.toBe('')
    await lighter('rm', '-f', 'left')
    const wrong = await run('--detach-keys', 'foo', image, 'true')
    expect(wrong).toMatchObject({
      exitCode: 1,
      stderr: 'Error response from daemon: Invalid detach keys (foo) provided\n',
    })
    expect((await lighter('ps', '-aq')).stdout).toBe('')
  })

  test.each(['run', 'create'])('%s -q does not say that the image is not here', async (verb) => {
    const missing = `${inject('registry')}/nosuch:latest`
    const [loud, quiet] = [await lighter(verb, missing), await lighter(verb, '-q', missing)]
    expect(loud.stderr).toContain(`Unable to find image '${missing}' locally\n`)
    expect(quiet.stderr).toBe(loud.stderr.split('\n').slice(1).join('\n'))
    expect(quiet.stderr).toMatch(/Error response from daemon: /)
  })

  test('wrong --detach-keys matter only to who attaches', async () => {
    const keys = '--detach-keys=foo'
    expect(await lighter('run', '-d', '--name', 'far', keys, image, 'sleep', '1000')).toMatchObject(
      {
        exitCode: 0,
      },
    )
    expect(await lighter('start', keys, 'far')).toMatchObject({ exitCode: 0, stdout: 'far\n' })
    const daemon = 'Error response from daemon:'
    const table: [string[], string][] = [
      [['start', '-a', keys, 'far'], `${daemon} Invalid detach keys (foo) provided`],
      [['attach', keys, 'far'], `${daemon} Invalid detach keys (foo) provided`],
      [['exec', keys, 'far', 'true'], `${daemon} Invalid escape keys (foo) provided`],
      [['exec', '-d', keys, 'far', 'true'], `${daemon} Invalid escape keys (foo) provided`],
      [['exec', keys, 'nosuch', 'true'], `${daemon} No such container: nosuch`],
    ]
    for (const [args, sentence] of table)
      expect(await lighter(...args)).toMatchObject({ exitCode: 1, stderr: `${sentence}\n` })
    await lighter('stop', '-t', '0', 'far')
    expect((await lighter('exec', keys, 'far', 'true')).stderr).toMatch(/is not running\n$/)
    await lighter('rm', '-f', 'far')
  })
})

describe('a start that fails', () => {
  const sentence = 'failed to create task for container: exec: "nosuch": executable file not found'

  test('run -d prints the id, and the container stays to be looked at', async () => {
    const outcome = await lighter('run', '-d', '--name', 'broken', image, 'nosuch')
    expect(outcome.stdout).toMatch(/^[0-9a-f]{64}\n$/)
    expect(outcome.stderr).toContain(`lighter: Error response from daemon: ${sentence}`)
    expect(outcome.exitCode).toBe(127)
    expect((await lighter('ps', '-a')).stdout).toMatch(/"nosuch" .* Created {2}.* broken/)
    const [{ State }] = JSON.parse((await lighter('inspect', 'broken')).stdout)
    expect(State).toMatchObject({ Status: 'created', ExitCode: 127, Pid: 0 })
    expect(State.Error).toContain(sentence)
  })

  test('start and start -a say the same and end with 1', async () => {
    const started = await lighter('start', 'broken')
    expect(started.stderr).toContain(`Error response from daemon: ${sentence}`)
    expect(started.stderr).toMatch(/Error: failed to start containers: broken\n$/)
    expect(started.exitCode).toBe(1)
    expect(await lighter('start', '-a', 'broken')).toMatchObject({ exitCode: 1 })
    await lighter('rm', 'broken')
  })

  test('exec', async () => {
    await lighter('run', '-d', '--name', 'base', '--network', 'none', image, 'sleep', '1000')
    const outcome = await lighter('exec', 'base', 'nosuch')
    expect(outcome.stderr).toMatch(/^OCI runtime exec failed: exec failed: .*"nosuch"/)
    expect(await lighter('exec', '-w', 'relative', 'base', 'true')).toMatchObject({ exitCode: 126 })
    expect(await lighter('exec', '-u', 'nosuch', 'base', 'true')).toMatchObject({
      exitCode: 126,
      stderr: 'unable to find user nosuch: no matching entries in passwd file\n',
    })
    expect(await lighter('exec', '-d', 'base', 'nosuch')).toMatchObject({ exitCode: 1 })
    await lighter('rm', '-f', 'base')
  })
})

describe('start, attach, logs', () => {
  test('start -ai gives input and output', async () => {
    await lighter('create', '-i', '--name', 'filter', '--network', 'none', image, 'sed', 's/a/b/')
    expect(await world.lighter(['start', '-ai', 'filter'], { input: 'aaa\n' })).toMatchObject({
      exitCode: 0,
      stdout: 'baa\n',
    })
    await lighter('rm', 'filter')
  })

  test('logs -f and attach of an --rm container end with it, the last line whole', async () => {
    const script = 'while [ ! -e /go ]; do usleep 20000; done; printf end; exit 3'
    const start = () =>
      lighter(
        'run',
        '-d',
        '--rm',
        '--name',
        'brief',
        '--network',
        'none',
        image,
        'sh',
        '-c',
        script,
      )
    await start()
    const logs = world.start(['logs', '-f', 'brief'])
    const followed = finish(logs)
    await untilOpen(logs.pid, /container\.log$/)
    await lighter('exec', 'brief', 'touch', '/go')
    expect(await followed).toMatchObject({ exitCode: 0, stdout: 'end' })
    await until(() => !existsSync(join(world.data, 'names/brief')))
    await start()
    const client = world.start(['attach', 'brief'])
    const attached = finish(client)
    await untilConnected(client.pid)
    await lighter('exec', 'brief', 'touch', '/go')
    expect(await attached).toMatchObject({ exitCode: 3, stdout: 'end' })
  })

  test('logs --since, --until, -n, -t', async () => {
    const script = 'echo one; until [ -e /go ]; do usleep 20000; done; echo two'
    await lighter('run', '-d', '--name', 'timed', '--network', 'none', image, 'sh', '-c', script)
    await until(async () => (await lighter('logs', 'timed')).stdout === 'one\n')
    await lighter('exec', 'timed', 'touch', '/go')
    await lighter('wait', 'timed')
    const timed = (await lighter('logs', '-t', 'timed')).stdout.trim().split('\n')
    const [first = '', second = ''] = timed.map((line) => line.split(' ')[0])
    expect(first).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/)
    expect((await lighter('logs', '--since', second, 'timed')).stdout).toBe('two\n')
    expect((await lighter('logs', '--until', first, 'timed')).stdout).toBe('one\n')
    expect((await lighter('logs', '-n', '1', 'timed')).stdout).toBe('two\n')
    expect((await lighter('logs', '-n', '0', 'timed')).stdout).toBe('')
    await lighter('rm', 'timed')
  })
})

describe('ps', () => {
  test('-n, -l, -s and words in quotes', async () => {
    const script = 'dd if=/dev/zero of=/x bs=1000 count=100 2>/dev/null'
    await lighter('run', '--name', 'first', '--network', 'none', image, 'sh', '-c', script)
    await lighter('run', '--name', 'second', '--network', 'none', image, 'echo', 'two words')
    expect((await lighter('ps', '-aq', '-n', '1')).stdout.trim()).toMatch(/^[0-9a-f]{12}$/)
    expect((await lighter('ps', '-l')).stdout).toMatch(/"echo 'two words'"/)
    const sized = (await lighter('ps', '-as')).stdout
    expect(sized).toMatch(/SIZE\n/)
    expect(sized).toMatch(/first +100kB \(virtual [\d.]+MB\)/)
    expect(sized).toMatch(/second +0B \(virtual/)
    await lighter('rm', 'first', 'second')
  })

  test('an --rm container whose monitor was killed is not shown and gone', async () => {
    const started = await lighter('run', '-d', '--rm', '--name', 'crashed', image, 'sleep', '1000')
    const state = join(world.data, 'containers', started.stdout.trim(), 'state.json')
    await killMonitor(state)
    expect((await lighter('ps', '-aq')).stdout).toBe('')
    expect((await run('--name', 'crashed', image, 'echo', 'free')).stdout).toBe('free\n')
  })

  /** `ps` alone reads no more than the states of containers that are not up. */
  test.each([
    ['its monitor was killed', undefined],
    ['its end was recorded', '{"status":"exited","startedAt":"1","autoRemove":true}'],
    ['who was to start it died', UNSTARTED_THROWAWAY],
  ])('ps without flags removes it too: %s', async (_, document) => {
    const started = await lighter('run', '-d', '--rm', image, 'sleep', '1000')
    const directory = join(world.data, 'containers', started.stdout.trim())
    const state = join(directory, 'state.json')
    await killMonitor(state)
    if (document) writeFileSync(state, document)
    expect((await lighter('ps', '-q')).stdout).toBe('')
    expect(existsSync(directory)).toBe(false)
  })

  test('its name is free even before anybody looked', async () => {
    const started = await lighter('run', '-d', '--rm', '--name', 'crashed', image, 'sleep', '1000')
    const state = join(world.data, 'containers', started.stdout.trim(), 'state.json')
    await killMonitor(state)
    expect((await run('--name', 'crashed', image, 'echo', 'free')).stdout).toBe('free\n')
  })
})
