import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { finish, makeWorld, type Outcome, statusOf, type World } from '../helpers/world.ts'

const image = 'lighter/hello'

let world: World
const lighter = (...args: string[]): Promise<Outcome> => world.lighter(args)

async function inspect(
  name: string,
): Promise<{ State: Record<string, unknown>; RestartCount: number }> {
  return JSON.parse((await lighter('inspect', name)).stdout)[0]
}

/** Asks until the answer is the wanted one: starting again takes its time. */
async function until(what: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (await what()) return
    await sleep(100)
  }
  throw new Error('it did not come to that within a minute')
}

const actionsOf = (id: string): string[] =>
  readFileSync(join(world.data, 'events/journal.jsonl'), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
    .filter(({ Actor }) => Actor.ID === id)
    .map(({ Action }) => Action)

beforeAll(() => {
  world = makeWorld('restart')
})
afterAll(() => world.remove())

describe('--restart', () => {
  test('on-failure:2 starts it twice again; the client sees the first run only', async () => {
    const outcome = await lighter(
      'run',
      '--name',
      'twice',
      '--restart',
      'on-failure:2',
      image,
      'sh',
      '-c',
      'echo run; exit 3',
    )
    expect(outcome).toEqual({ exitCode: 3, stdout: 'run\n', stderr: '' })
    await until(async () => (await statusOf(world, 'twice')) === 'exited 3')
    expect((await lighter('wait', 'twice')).stdout).toBe('3\n')
    expect((await lighter('logs', 'twice')).stdout).toBe('run\nrun\nrun\n')
    const { RestartCount, State, ...rest } = await inspect('twice')
    expect(RestartCount).toBe(2)
    expect(State).toMatchObject({ Status: 'exited', ExitCode: 3, Restarting: false })
    expect(rest).toMatchObject({
      HostConfig: { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } },
    })
    const id = (rest as unknown as { Id: string }).Id
    expect(actionsOf(id).filter((action) => action === 'start' || action === 'die')).toEqual([
      'start',
      'die',
      'start',
      'die',
      'start',
      'die',
    ])
  })

  test('on-failure leaves a success alone', async () => {
    await lighter('run', '--name', 'fine', '--restart', 'on-failure', image, 'true')
    await sleep(500)
    expect(await statusOf(world, 'fine')).toBe('exited 0')
    expect((await inspect('fine')).RestartCount).toBe(0)
  })

  test('always, killed, gets its address anew and one line in /etc/hosts', async () => {
    await lighter(
      'run',
      '-d',
      '--name',
      'again',
      '--hostname',
      'again',
      '--restart',
      'always',
      image,
      'sh',
      '-c',
      'grep -c again /etc/hosts; ip -o -4 addr show eth0 | grep -c "inet 172"; sleep 1000',
    )
    for (let round = 1; round <= 2; round++) {
      const { State } = await inspect('again')
      await world.run('/bin/kill', ['-9', String(State.Pid)])
      await until(
        async () =>
          (await inspect('again')).RestartCount === round &&
          (await statusOf(world, 'again')) === 'running 0',
      )
    }
    expect((await lighter('logs', 'again')).stdout).toBe('1\n1\n'.repeat(3))
    expect((await lighter('exec', 'again', 'true')).exitCode).toBe(0)
    expect((await lighter('stop', '-t', '0', 'again')).exitCode).toBe(0)
    await sleep(500)
    expect(await statusOf(world, 'again')).toBe('exited 137')
  })

  test('stop ends the wait for the next start', async () => {
    await lighter('run', '-d', '--name', 'loop', '--restart', 'always', image, 'sh', '-c', 'exit 1')
    await until(async () => (await inspect('loop')).RestartCount >= 4)
    await until(async () => (await statusOf(world, 'loop')) === 'restarting 1')
    // It runs now and then.
    await until(async () => /Restarting \(1\) .* ago +loop\n/.test((await lighter('ps')).stdout))
    await until(async () => {
      const { exitCode, stderr } = await lighter('exec', 'loop', 'true')
      return exitCode === 1 && /is restarting, wait until the container is running\n$/.test(stderr)
    })
    expect((await lighter('stop', 'loop')).exitCode).toBe(0)
    const { RestartCount } = await inspect('loop')
    await sleep(3500)
    expect(await statusOf(world, 'loop')).toBe('exited 1')
    expect((await inspect('loop')).RestartCount).toBe(RestartCount)
    expect((await lighter('rm', 'loop')).exitCode).toBe(0)
  })

  test('rm -f and kill of one that waits', async () => {
    for (const [name, command] of [
      ['gone', ['rm', '-f']],
      ['killed', ['kill']],
    ] as const) {
      await lighter('run', '-d', '--name', name, '--restart', 'always', image, 'false')
      await until(async () => (await statusOf(world, name)) === 'restarting 1')
      expect((await lighter(...command, name)).exitCode).toBe(0)
    }
    expect(await statusOf(world, 'gone')).toBe('')
    await until(async () => (await statusOf(world, 'killed')) === 'exited 1')
  })

  test('wait ends with the run, whatever follows', async () => {
    await lighter(
      'run',
      '-d',
      '--name',
      'waited',
      '--restart',
      'always',
      image,
      'sh',
      '-c',
      'sleep 0.5; exit 4',
    )
    const waiting = finish(world.start(['wait', 'waited']))
    expect(await waiting).toMatchObject({ exitCode: 0, stdout: '4\n' })
    await until(async () => (await inspect('waited')).RestartCount >= 2)
    const next = finish(world.start(['wait', 'waited']))
    expect(await next).toMatchObject({ exitCode: 0, stdout: '4\n' })
    // Those that bring the end about wait for the last one.
    expect((await lighter('stop', '-t', '0', 'waited')).exitCode).toBe(0)
    expect(await statusOf(world, 'waited')).toMatch(/^exited/)
  })

  test('a signal that the image has as its own stop signal decides', async () => {
    // A stop signal of its own: others say nothing about an end.
    await lighter(
      'run',
      '-d',
      '--name',
      'usr',
      '--stop-signal',
      'USR1',
      '--restart',
      'always',
      image,
      'sleep',
      '1000',
    )
    await lighter('kill', '-s', 'INT', 'usr')
    const { State } = await inspect('usr')
    await world.run('/bin/kill', ['-9', String(State.Pid)])
    await until(async () => (await inspect('usr')).RestartCount === 1)
    await lighter('rm', '-f', 'usr')
  })

  test.each([
    [
      ['--restart', 'foo'],
      "Error response from daemon: invalid restart policy: unknown policy 'foo'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'.",
    ],
    [
      ['--restart', 'always:3'],
      "Error response from daemon: invalid restart policy: maximum retry count can only be used with 'on-failure'.",
    ],
    [
      ['--restart', 'on-failure:x'],
      'invalid restart policy format: maximum retry count must be an integer.',
    ],
    [
      ['--restart', 'on-failure:-1'],
      'Error response from daemon: invalid restart policy: maximum retry count cannot be negative.',
    ],
    [['--restart', ':'], 'invalid restart policy format: no policy provided before colon.'],
    [['--restart', 'always', '--rm'], 'Conflicting options: --restart and --rm.'],
  ])('%j is refused', async (flags, sentence) => {
    expect(await lighter('run', ...flags, image, 'true')).toEqual({
      exitCode: 125,
      stdout: '',
      stderr: `lighter: ${sentence}\nSee 'lighter run --help'.\n`,
    })
  })
})

describe('update --restart', () => {
  test('counts from the next end on', async () => {
    await lighter('run', '-d', '--name', 'changed', image, 'sleep', '1000')
    expect(await lighter('update', '--restart', 'always', 'changed')).toEqual({
      exitCode: 0,
      stdout: 'changed\n',
      stderr: '',
    })
    const { State } = await inspect('changed')
    await world.run('/bin/kill', ['-9', String(State.Pid)])
    await until(async () => (await inspect('changed')).RestartCount === 1)
    await until(async () => (await statusOf(world, 'changed')) === 'running 0')
    await lighter('update', '--restart', 'no', 'changed')
    await world.run('/bin/kill', ['-9', String((await inspect('changed')).State.Pid)])
    await until(async () => (await statusOf(world, 'changed')) === 'exited 137')
    expect((await lighter('update', '--restart', 'foo', 'changed')).stderr).toMatch(
      /invalid restart policy: unknown policy 'foo'/,
    )
    await lighter('run', '-d', '--rm', '--name', 'brief', image, 'sleep', '1000')
    expect((await lighter('update', '--restart', 'always', 'brief')).stderr).toMatch(
      /^Error response from daemon: Cannot update container [0-9a-f]{64}: Restart policy cannot be updated because AutoRemove is enabled for the container\n$/,
    )
  })
})

describe('restart', () => {
  test('ends it and starts it, whether it runs or not', async () => {
    const id = (await lighter('run', '-d', '--name', 'box', image, 'sleep', '1000')).stdout.trim()
    const first = await inspect('box')
    expect(await lighter('restart', '-t', '0', 'box')).toEqual({
      exitCode: 0,
      stdout: 'box\n',
      stderr: '',
    })
    const second = await inspect('box')
    expect(second.State).toMatchObject({ Status: 'running' })
    expect(second.State.Pid).not.toBe(first.State.Pid)
    expect(first.State.FinishedAt).toBe('0001-01-01T00:00:00Z')
    expect(String(second.State.FinishedAt) > String(first.State.StartedAt)).toBe(true)
    expect(
      actionsOf(id)
        .slice(-5)
        .filter((action) => action !== 'kill'),
    ).toEqual(['die', 'stop', 'start', 'restart'])
    await lighter('kill', 'box')
    expect((await lighter('restart', 'box')).exitCode).toBe(0)
    expect(await statusOf(world, 'box')).toBe('running 0')
    expect(await lighter('restart', 'nosuch')).toMatchObject({
      exitCode: 1,
      stderr: 'Error response from daemon: No such container: nosuch\n',
    })
  })
})

describe('system boot', () => {
  test('starts what its policy wants after everything was killed', async () => {
    const make = (name: string, policy: string): Promise<Outcome> =>
      lighter('run', '-d', '--name', name, '--restart', policy, image, 'sleep', '1000')
    for (const [name, policy] of [
      ['b-always', 'always'],
      ['b-stopped', 'always'],
      ['b-unless', 'unless-stopped'],
      ['b-unless-stopped', 'unless-stopped'],
      ['b-no', 'no'],
    ] as const)
      await make(name, policy)
    await lighter('create', '--name', 'b-created', '--restart', 'always', image, 'sleep', '1000')
    await lighter('stop', '-t', '0', 'b-stopped', 'b-unless-stopped')
    // What a power cut leaves: monitors that are gone.
    for (const name of ['b-always', 'b-unless', 'b-no']) {
      const id = JSON.parse((await lighter('inspect', name)).stdout)[0].Id
      const state = JSON.parse(
        readFileSync(join(world.data, 'containers', id, 'state.json'), 'utf8'),
      )
      await world.run('/bin/kill', ['-9', String(state.monitor.pid)])
    }
    await until(async () => (await statusOf(world, 'b-no')) === 'exited 137')
    const boot = await lighter('system', 'boot')
    expect(boot.exitCode).toBe(0)
    expect(boot.stdout.split('\n').filter((name) => name.startsWith('b-'))).toEqual([
      'b-always',
      'b-stopped',
      'b-unless',
    ])
    expect(await statusOf(world, 'b-unless')).toBe('running 0')
    expect(await statusOf(world, 'b-unless-stopped')).toBe('exited 137')
    expect(await statusOf(world, 'b-created')).toBe('created 0')
  })
})
