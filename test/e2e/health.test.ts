import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until as eventually } from '../helpers/until.ts'
import { makeWorld, type Outcome, type World } from '../helpers/world.ts'

const image = 'lighter/hello'

interface Health {
  Status: string
  FailingStreak: number
  Log: { Start: string; End: string; ExitCode: number; Output: string }[]
}

let world: World
const lighter = (...args: string[]): Promise<Outcome> => world.lighter(args)

beforeAll(() => {
  world = makeWorld('health')
})
afterAll(() => world.remove())

const run = async (name: string, ...flags: string[]): Promise<string> => {
  const outcome = await lighter('run', '-d', '--name', name, ...flags, image, 'sleep', '1000')
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '' })
  return outcome.stdout.trim()
}

const health = async (name: string): Promise<Health> =>
  JSON.parse((await lighter('inspect', name)).stdout)[0].State.Health

async function until(name: string, wanted: (health: Health) => boolean): Promise<Health> {
  for (let attempt = 0; attempt < 600; attempt++) {
    const now = await health(name)
    if (wanted(now)) return now
    await sleep(100)
  }
  throw new Error(`not within a minute: ${JSON.stringify(await health(name))}`)
}

describe('health checks', () => {
  test('starting, healthy, unhealthy, healthy again; the last five are kept', async () => {
    const id = await run(
      'flips',
      '--health-cmd',
      'while [ ! -e /begin ]; do usleep 20000; done; cat /flag',
      '--health-interval',
      '300ms',
      '--health-retries',
      '2',
    )
    expect((await health('flips')).Status).toBe('starting')
    expect((await lighter('ps')).stdout).toContain('(health: starting)')
    await lighter('exec', 'flips', 'touch', '/begin')
    await until('flips', ({ Status }) => Status === 'unhealthy')
    expect((await lighter('ps')).stdout).toContain('(unhealthy)')
    await lighter('exec', 'flips', 'sh', '-c', 'echo here > /flag')
    const well = await until('flips', ({ Status }) => Status === 'healthy')
    expect(well.FailingStreak).toBe(0)
    expect(well.Log.at(-1)).toMatchObject({ ExitCode: 0, Output: 'here\n' })
    expect((await lighter('ps')).stdout).toContain('(healthy)')
    const full = await until('flips', ({ Log }) => Log.length === 5)
    const later = await until('flips', ({ Log }) => Log.at(-1)?.Start !== full.Log.at(-1)?.Start)
    expect(later.Log).toHaveLength(5)
    const actions = readFileSync(`${world.data}/events/journal.jsonl`, 'utf8')
      .split('\n')
      .filter((line) => line.includes(id) && line.includes('health_status'))
      .map((line) => JSON.parse(line).Action)
    expect(actions).toEqual(['health_status: unhealthy', 'health_status: healthy'])
    // Nobody looks at one that does not run.
    await lighter('kill', 'flips')
    expect((await health('flips')).Status).toBe('unhealthy')
  })

  test('a slow check is ended at its timeout, with its children', async () => {
    await run(
      'slow',
      '--health-cmd',
      'echo begun; sleep 777',
      '--health-interval',
      '200ms',
      '--health-timeout',
      '3s',
      '--health-retries',
      '1',
    )
    const { Log } = await until('slow', ({ Status }) => Status === 'unhealthy')
    expect(Log[0]).toMatchObject({
      ExitCode: -1,
      Output: 'Health check exceeded timeout (3s): begun\n',
    })
    // In the middle of a check, whose children stayed behind.
    for (let round = 0; round < 3; round++) {
      await lighter('pause', 'slow')
      await lighter('unpause', 'slow')
    }
    await eventually(async () => {
      const left = await lighter(
        'exec',
        'slow',
        'sh',
        '-c',
        'for f in /proc/[0-9]*/cmdline; do tr "\\0" _ < $f; echo; done | grep -c ^sleep_777',
      )
      return Number(left.stdout) <= 1
    })
  })

  test('it runs as the container does: user, environment, working directory, capabilities', async () => {
    await run(
      'as',
      '--user',
      '5:6',
      '--workdir',
      '/tmp',
      '-e',
      'COLOUR=red',
      '--cap-drop',
      'ALL',
      '--health-interval',
      '200ms',
      '--health-cmd',
      'echo $(id -u):$(id -g) $PWD $COLOUR $(grep CapBnd /proc/self/status) $(grep Seccomp: /proc/self/status)',
    )
    const { Log } = await until('as', (now) => now.Log.length > 0)
    expect(Log[0]?.Output).toBe('5:6 /tmp red CapBnd: 0000000000000000 Seccomp: 2\n')
  })

  test('long output is cut, and what is no text replaced', async () => {
    await run(
      'long',
      '--health-interval',
      '200ms',
      '--health-cmd',
      'printf "\\377"; yes 123456789 | head -n 2000',
    )
    const { Log } = await until('long', (now) => now.Log.length > 0)
    const output = Log[0]?.Output ?? ''
    expect(output.startsWith('\ufffd123456789\n')).toBe(true)
    expect(output.endsWith('...')).toBe(true)
    expect(output.length).toBe(4096 + 3)
  })

  test('failures within the start period do not count', async () => {
    await run(
      'young',
      '--health-cmd',
      'false',
      '--health-interval',
      '10s',
      '--health-retries',
      '1',
      '--health-start-period',
      '30s',
      '--health-start-interval',
      '200ms',
    )
    const { Log, Status, FailingStreak } = await until('young', (now) => now.Log.length >= 3)
    expect({ Status, FailingStreak, code: Log[0]?.ExitCode }).toEqual({
      Status: 'starting',
      FailingStreak: 0,
      code: 1,
    })
  })

  test('a check is an exec to events: begun, ended, and then the new status', async () => {
    const since = String(Date.now() / 1000)
    await run(
      'told',
      '-l',
      'a=b',
      '--health-cmd',
      'exit 3',
      '--health-interval',
      '200ms',
      '--health-retries',
      '1',
    )
    await until('told', ({ Log }) => Log.length >= 2)
    const { stdout } = await lighter(
      'events',
      '--since',
      since,
      '--until',
      '0s',
      '-f',
      'container=told',
      '--format',
      'json',
    )
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(events.slice(2, 8).map(({ Action }) => Action)).toEqual([
      'exec_create: /bin/sh -c exit 3',
      'exec_start: /bin/sh -c exit 3',
      'exec_die',
      'health_status: unhealthy',
      'exec_create: /bin/sh -c exit 3',
      'exec_start: /bin/sh -c exit 3',
    ])
    const [create, start, die, , next] = events.slice(2).map(({ Actor }) => Actor.Attributes)
    const usual = { a: 'b', image, name: 'told' }
    expect(create).toEqual({ ...usual, execID: expect.stringMatching(/^[0-9a-f]{64}$/) })
    expect(start).toEqual(create)
    expect(die).toEqual({ ...create, exitCode: '3' })
    expect(next.execID).not.toBe(create.execID)
    // They push nothing else out of the journal.
    expect(readFileSync(`${world.data}/events/journal.jsonl`, 'utf8')).not.toContain('exit 3')
  })

  test('a check that cannot start has no end; one that its container takes along has', async () => {
    await run('unable', '--health-interval', '300ms', '--health-cmd', 'true')
    await lighter('exec', 'unable', 'rm', '/bin/sh')
    await until('unable', ({ Log }) => Log.at(-1)?.ExitCode === -1)
    await lighter('kill', 'unable')
    const ids = async (action: string): Promise<string[]> => {
      const filters = ['-f', 'container=unable', '-f', `event=${action}`]
      const format = '{{.Actor.Attributes.execID}} {{.Action}}'
      const end = ['--since', '0', '--until', '0s', '--format', format]
      const lines = (await lighter('events', ...end, ...filters)).stdout.trimEnd().split('\n')
      return lines.map((line) => line.split(' ')[0] ?? '')
    }
    const ended = await ids('exec_die')
    expect((await ids('exec_start')).filter((id) => !ended.includes(id))).not.toEqual([])

    const since = String(Date.now() / 1000)
    await run('taken', '--health-interval', '100ms', '--health-cmd', 'echo > /begun; sleep 777')
    await eventually(async () => (await lighter('exec', 'taken', 'ls', '/begun')).exitCode === 0)
    await lighter('kill', 'taken')
    const format = '{{.Action}} {{.Actor.Attributes.exitCode}}'
    const filters = ['-f', 'container=taken', '-f', 'event=exec_die', '-f', 'event=die']
    const told = await lighter(
      'events',
      '--since',
      since,
      '--until',
      '0s',
      ...filters,
      '--format',
      format,
    )
    expect(told.stdout.split('\n').slice(-3)).toEqual(['exec_die 137', 'die 137', ''])
  })

  test('no check while paused', async () => {
    await run('still', '--health-cmd', 'true', '--health-interval', '100ms')
    await until('still', ({ Status }) => Status === 'healthy')
    await lighter('pause', 'still')
    await until('still', ({ Status }) => Status === 'unhealthy')
    const log = async () => JSON.stringify((await health('still')).Log)
    // One may have been under way; if they went on, no two looks would find the same.
    let before: string
    do {
      before = await log()
      await sleep(700)
    } while ((await log()) !== before)
    await lighter('unpause', 'still')
    await until('still', (now) => now.Status === 'healthy')
  })

  test('the monitor stays small', async ({ skip }) => {
    skip(Boolean(process.env.LIGHTER_TEST_SANITIZE), 'sanitizers take memory of their own')
    const id = await run('small', '--health-cmd', 'true', '--health-interval', '100ms')
    await until('small', ({ Status }) => Status === 'healthy')
    const { monitor } = JSON.parse(
      readFileSync(`${world.data}/containers/${id}/state.json`, 'utf8'),
    )
    const status = readFileSync(`/proc/${monitor.pid}/status`, 'utf8')
    expect(Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1])).toBeLessThanOrEqual(1536)
  })

  test('--no-healthcheck and the words of bad flags', async () => {
    await run('none', '--no-healthcheck')
    const [document] = JSON.parse((await lighter('inspect', 'none')).stdout)
    expect(document.Config.Healthcheck).toEqual({ Test: ['NONE'] })
    expect(document.State.Health).toBeUndefined()
    for (const [flags, sentence] of [
      [
        ['--health-interval=1us'],
        'Error response from daemon: Interval in Healthcheck cannot be less than 1ms.',
      ],
      [['--health-retries=-1'], '--health-retries cannot be negative.'],
      [['--health-start-interval=-1s'], '--health-start-interval cannot be negative.'],
      [
        ['--no-healthcheck', '--health-cmd=x'],
        '--no-healthcheck conflicts with --health-* options.',
      ],
    ] as const) {
      expect(await lighter('run', ...flags, image, 'true')).toEqual({
        exitCode: 125,
        stdout: '',
        stderr: `lighter: ${sentence}\nSee 'lighter run --help'.\n`,
      })
    }
  })
})
