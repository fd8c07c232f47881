import { beforeAll, describe, expect, inject, test } from 'vitest'
import { dockerPrograms } from '../fixtures/clients.ts'
import { HELLO as image, serve } from '../helpers/served.ts'
import { openTerminal, type Terminal } from '../helpers/terminal.ts'
import { until } from '../helpers/until.ts'
import type { CallOptions, Outcome } from '../helpers/world.ts'

const NET = ['--network', 'none']

const { world, service } = serve('api-streams-docker', { quiet: true, removed: ['made'] })
/** Docker's own client. */
let program: string
let env: Record<string, string>

beforeAll(() => {
  program = dockerPrograms(inject('cache')).docker
  env = { DOCKER_HOST: service.host }
})

const docker = (args: string[], options: CallOptions = {}): Promise<Outcome> =>
  world.run(program, args, { ...options, env })
const terminal = (args: string[], size = { rows: 24, columns: 80 }): Promise<Terminal> =>
  openTerminal(world, args, { ...size, program, env })
const runs = (...args: string[]) => ['run', '--rm', ...NET, image, ...args]
const statusOf = async (): Promise<string> =>
  (await docker(['inspect', '-f', '{{.State.Status}}', 'made'])).stdout.trim()

describe('run', () => {
  test('both streams and the exit code', async () => {
    expect(await docker(runs('sh', '-c', 'echo out; echo err >&2; exit 5'))).toEqual({
      exitCode: 5,
      stdout: 'out\n',
      stderr: 'err\n',
    })
  })

  test('what is piped into it', async () => {
    const input = 'line\n'.repeat(200_000)
    const outcome = await docker(['run', '--rm', '-i', ...NET, image, 'cat'], { input })
    expect([outcome.exitCode, outcome.stdout === input]).toEqual([0, true])
  })

  test('fifty in a row, of which none loses a word', async () => {
    for (let number = 0; number < 50; number++) {
      const script = `echo out-${number}; echo err-${number} >&2; exit ${number}`
      expect(await docker(runs('sh', '-c', script))).toEqual({
        exitCode: number,
        stdout: `out-${number}\n`,
        stderr: `err-${number}\n`,
      })
    }
    expect((await docker(['ps', '-aq'])).stdout).toBe('')
  })

  test('eight at once', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, number) => docker(runs('echo', String(number)))),
    )
    expect(outcomes.map(({ stdout }) => stdout)).toEqual([...'01234567'].map((text) => `${text}\n`))
  })

  test.each([
    ['nosuch', 127],
    ['/etc', 126],
  ])('of %s: exit code %i, and the throwaway is gone', async (command, exitCode) => {
    const outcome = await docker(['run', '--rm', '--name', 'made', ...NET, image, command])
    expect([outcome.exitCode, outcome.stderr]).toEqual([
      exitCode,
      expect.stringMatching(/Error response from daemon: failed to create task for container: /),
    ])
    expect((await docker(['inspect', 'made'])).exitCode).toBe(1)
  })

  test('in a terminal: its size, and that of a change', async () => {
    const script = 'trap "stty size" WINCH; stty size; while :; do usleep 20000; done'
    const shown = await terminal(['run', '--rm', '-it', ...NET, image, 'sh', '-c', script], {
      rows: 20,
      columns: 70,
    })
    await shown.waitFor(/20 70\r\n/)
    // The client begins to listen for changes some time after the start.
    let rows = 30
    await until(async () => {
      await shown.resize(rows++, 90)
      return /\n\d+ 90\r\n/.test(shown.output())
    })
    shown.type('\x03')
    expect(await shown.exitCode()).toBe(130)
  })

  test('a signal for the client reaches the process', async () => {
    const script = 'trap "echo caught; exit 6" TERM; echo ready; while :; do usleep 20000; done'
    const client = world.spawn(program, runs('sh', '-c', script), { env })
    let said = ''
    client.stdout.on('data', (chunk) => {
      said += chunk
    })
    await until(() => said.includes('ready'))
    client.kill('SIGTERM')
    await until(() => client.exitCode !== null)
    expect([client.exitCode, said]).toEqual([6, 'ready\ncaught\n'])
  })
})

describe('attach and start', () => {
  test('detach with the keys, attach again', async () => {
    const first = await terminal(['run', '-it', '--name', 'made', ...NET, image, 'sh'])
    await first.waitFor(/# /)
    first.type('x=5\r')
    await first.waitFor(/# /)
    first.type('\x10\x11')
    await first.exitCode()
    expect(await statusOf()).toBe('running')
    const second = await terminal(['attach', '--detach-keys', 'ctrl-a', 'made'])
    second.type('echo x-$x\r')
    await second.waitFor(/x-5\r\n/)
    second.type('\x01')
    await second.exitCode()
    expect(await statusOf()).toBe('running')
    const third = await terminal(['attach', 'made'])
    third.type('exit 3\r')
    expect(await third.exitCode()).toBe(3)
  })

  test('a killed client does the container no harm', async () => {
    const script = 'while :; do echo talk; usleep 20000; done'
    await docker(['run', '-d', '--name', 'made', ...NET, image, 'sh', '-c', script])
    const client = world.spawn(program, ['attach', 'made'], { env })
    await new Promise((resolve) => client.stdout.once('data', resolve))
    client.kill('SIGKILL')
    await until(() => client.signalCode !== null)
    const next = world.spawn(program, ['attach', 'made'], { env })
    await new Promise((resolve) => next.stdout.once('data', resolve))
    next.kill('SIGKILL')
    expect(await statusOf()).toBe('running')
  })

  test('start -ai', async () => {
    const script = 'read line; echo got $line; exit 4'
    await docker(['create', '-i', '--name', 'made', ...NET, image, 'sh', '-c', script])
    for (const line of ['one', 'two']) {
      const outcome = await docker(['start', '-ai', 'made'], { input: `${line}\n` })
      expect(outcome).toEqual({ exitCode: 4, stdout: `got ${line}\n`, stderr: '' })
    }
  })

  test('wait', async () => {
    await docker(['run', '-d', '--name', 'made', ...NET, image, 'sleep', '1000'])
    const waited = docker(['wait', 'made'])
    await docker(['kill', 'made'])
    expect(await waited).toEqual({ exitCode: 0, stdout: '137\n', stderr: '' })
    expect((await docker(['wait', 'made'])).stdout).toBe('137\n')
  })

  test('with a restart policy: each run is seen to its end', async () => {
    const script = 'echo run; exit 2'
    const args = ['--restart', 'on-failure:2', '--name', 'made', ...NET, image]
    const outcome = await docker(['run', ...args, 'sh', '-c', script])
    expect([outcome.exitCode, outcome.stdout.startsWith('run\n')]).toEqual([2, true])
  })
})

describe('exec', () => {
  const inside = async (...args: string[]): Promise<Outcome> => {
    await docker(['run', '-d', '--name', 'made', ...NET, image, 'sleep', '1000'])
    return await docker(args, { input: 'typed\n' })
  }

  test('both streams and the exit code', async () => {
    const script = 'echo out; echo err >&2; exit 5'
    expect(await inside('exec', 'made', 'sh', '-c', script)).toEqual({
      exitCode: 5,
      stdout: 'out\n',
      stderr: 'err\n',
    })
  })

  test('what is piped into it', async () => {
    expect(await inside('exec', '-i', 'made', 'cat')).toMatchObject({ stdout: 'typed\n' })
  })

  test('detached', async () => {
    expect((await inside('exec', '-d', 'made', 'sh', '-c', 'touch /tmp/done')).exitCode).toBe(0)
    await until(
      async () => (await docker(['exec', 'made', 'test', '-e', '/tmp/done'])).exitCode === 0,
    )
  })

  test('of what is not there', async () => {
    expect((await inside('exec', 'made', 'nosuch')).exitCode).toBe(127)
  })

  test('in a terminal', async () => {
    await inside('version')
    const shown = await terminal(['exec', '-it', 'made', 'sh'], { rows: 21, columns: 71 })
    await shown.waitFor(/# /)
    shown.type('stty size\r')
    await shown.waitFor(/21 71\r\n/)
    shown.type('exit 8\r')
    expect(await shown.exitCode()).toBe(8)
  })
})
