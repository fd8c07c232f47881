import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../helpers/until.ts'
import { finish, makeWorld, type Outcome, statusOf, type World } from '../helpers/world.ts'

const image = 'lighter/hello'

let world: World
const lighter = (...args: string[]): Promise<Outcome> => world.lighter(args)
const together = (count: number, ...args: string[]): Promise<Outcome[]> =>
  Promise.all(Array.from({ length: count }, () => lighter(...args)))
const create = async (name: string, ...command: string[]): Promise<string> =>
  (await lighter('create', '--name', name, image, ...command)).stdout.trim()
const inspect = async (name: string) => JSON.parse((await lighter('inspect', name)).stdout)[0]
const works = { exitCode: 0, stderr: '' }

/** What is said of a container that is gone, or has just ended and not yet gone. */
const wordsOf = (id: string): RegExp =>
  new RegExp(
    '^(Error response from daemon: ' +
      '((cannot kill container: box: )?No such container: box' +
      `|(cannot kill container: box: )?container ${id} is not running)` +
      '|You cannot attach to a stopped container, start it first)\n$',
    'i',
  )

beforeAll(() => {
  world = makeWorld('races')
})
afterAll(() => world.remove())

describe('several commands on one container', () => {
  test('start: all say so, one starts it, and its files are those of the one that did', async () => {
    const id = await create('once', 'sleep', '1000')
    for (const outcome of await together(8, 'start', 'once')) {
      expect(outcome).toEqual({ exitCode: 0, stdout: 'once\n', stderr: '' })
    }
    // A start that came too late replaced the file that the first one had written the address to.
    const { stdout } = await lighter('exec', 'once', 'cat', '/etc/hosts')
    expect(stdout).toMatch(new RegExp(`^172\\.\\S+\\t${id.slice(0, 12)}$`, 'm'))
    expect(readFileSync(join(world.data, 'containers', id, 'hosts'), 'utf8')).toBe(stdout)
    const starts = readFileSync(join(world.data, 'events/journal.jsonl'), 'utf8')
      .split('\n')
      .filter((line) => line.includes(id) && line.includes('"Action":"start"'))
    expect(starts).toHaveLength(1)
    await lighter('rm', '-f', 'once')
  })

  test('start -a beside start -a: each sees what comes', async () => {
    const script = 'while [ ! -e /go ]; do echo tick; usleep 50000; done; echo end; exit 4'
    await create('seen', 'sh', '-c', script)
    const said = ['', '', '']
    const clients = said.map((_, index) => {
      const client = world.start(['start', '-a', 'seen'])
      client.stdout.on('data', (bytes) => {
        said[index] += String(bytes)
      })
      return finish(client)
    })
    await until(() => said.every((text) => text.includes('tick')))
    await lighter('exec', 'seen', 'touch', '/go')
    for (const outcome of await Promise.all(clients)) {
      expect(outcome).toMatchObject({ exitCode: 4, stderr: '' })
      expect(outcome.stdout).toMatch(/tick\nend\n$/)
    }
    await lighter('rm', 'seen')
  })

  test('start of one that is just about to end starts it again', async () => {
    const id = await create('brief', 'true')
    for (let round = 0; round < 8; round++) {
      await lighter('start', 'brief')
      await until(() => status(id) === 'exited')
      // Its monitor still cleans up: that is no container that runs.
      await lighter('start', 'brief')
    }
    await lighter('wait', 'brief')
    const starts = readFileSync(join(world.data, 'events/journal.jsonl'), 'utf8')
      .split('\n')
      .filter((line) => line.includes(id) && line.includes('"Action":"start"'))
    expect(starts).toHaveLength(16)
    await lighter('rm', 'brief')
  })

  test('rm beside start: one of the two, never half', async () => {
    for (let round = 0; round < 6; round++) {
      const id = await create('either', 'sleep', '1000')
      const [started, removed] = await Promise.all([lighter('start', id), lighter('rm', id)])
      if (removed.exitCode === 0) {
        expect(existsSync(join(world.data, 'containers', id))).toBe(false)
        expect(started.stderr).toMatch(/^$|No such container: [0-9a-f]{64}\n/)
      } else {
        expect(removed.stderr).toBe(
          'Error response from daemon: cannot remove container "/either": container is running: stop the container before removing or force remove\n',
        )
        expect(started).toMatchObject(works)
        expect(await statusOf(world, id)).toBe('running 0')
      }
      await lighter('rm', '-f', id)
      expect(processesNaming(id)).toEqual([])
    }
  })

  test('rm -f: one removes it, others are told', async () => {
    await lighter('run', '-d', '--name', 'doomed', image, 'sleep', '1000')
    const outcomes = await together(6, 'rm', '-f', 'doomed')
    const told =
      /^(Error response from daemon: removal of container doomed is already in progress\n|Error response from daemon: No such container: doomed\n)$/
    const done = outcomes.filter(({ stdout }) => stdout === 'doomed\n')
    expect(done.length).toBeGreaterThan(0)
    for (const { stdout, stderr } of outcomes) if (stdout === '') expect(stderr).toMatch(told)
    expect(await statusOf(world, 'doomed')).toBe('')
  })

  test('create and run of one name', async () => {
    const outcomes = [
      ...(await together(4, 'create', '--name', 'wanted', image)),
      ...(await together(4, 'run', '-d', '--name', 'wanted', image, 'true')),
    ]
    expect(outcomes.filter(({ exitCode }) => exitCode === 0)).toHaveLength(1)
    for (const { exitCode, stderr } of outcomes)
      if (exitCode !== 0) expect(stderr).toMatch(/The container name "\/wanted" is already in use/)
    await lighter('rm', '-f', 'wanted')
  })

  test('rename beside update: both changes stay', async () => {
    const id = await create('before', 'sleep', '1000')
    await lighter('start', id)
    for (let round = 0; round < 5; round++) {
      const [renamed, updated] = await Promise.all([
        lighter('rename', id, `after-${round}`),
        lighter('update', '--restart', `on-failure:${round + 1}`, id),
      ])
      expect(renamed).toMatchObject(works)
      expect(updated).toMatchObject(works)
      const { Name, HostConfig } = await inspect(id)
      expect({ Name, count: HostConfig.RestartPolicy.MaximumRetryCount }).toEqual({
        Name: `/after-${round}`,
        count: round + 1,
      })
      const plan = JSON.parse(readFileSync(join(world.data, 'containers', id, 'plan.json'), 'utf8'))
      expect(plan.nameClaim).toBe(join(world.data, 'names', `after-${round}`))
      expect(plan.restart).toEqual({ policy: 'on-failure', maximum: round + 1 })
    }
    expect(readdirSync(join(world.data, 'names'))).toEqual(['after-4'])
    await lighter('rm', '-f', id)
  })

  test('rename beside rm -f: no name is left', async () => {
    const before = readdirSync(join(world.data, 'names')).sort()
    for (let round = 0; round < 5; round++) {
      await lighter('run', '-d', '--name', `old-${round}`, image, 'sleep', '1000')
      await Promise.all([
        lighter('rename', `old-${round}`, `new-${round}`),
        lighter('rm', '-f', `old-${round}`),
      ])
      await lighter('rm', '-f', `new-${round}`)
    }
    expect(readdirSync(join(world.data, 'names')).sort()).toEqual(before)
  })

  test('update and rename beside start count for the run that begins', async () => {
    for (let round = 0; round < 4; round++) {
      const id = await create('begins', 'sleep', '1000')
      const outcomes = await Promise.all([
        lighter('start', id),
        lighter('update', '--restart', 'always', id),
        lighter('rename', id, 'began'),
      ])
      for (const outcome of outcomes) expect(outcome).toMatchObject(works)
      const plan = JSON.parse(readFileSync(join(world.data, 'containers', id, 'plan.json'), 'utf8'))
      expect(plan.restart.policy).toBe('always')
      expect(plan.nameClaim).toBe(join(world.data, 'names/began'))
      expect(await statusOf(world, 'began')).toBe('running 0')
      await lighter('rm', '-f', id)
    }
  })

  test('cp into one that is being started', async () => {
    for (let round = 0; round < 4; round++) {
      const id = await create('filled', 'sleep', '1000')
      const outcomes = await Promise.all([
        lighter('start', id),
        world.lighter(['cp', '/etc/passwd', `${id}:/copied`]),
        lighter('cp', `${id}:/bin/busybox`, '/dev/null'),
        lighter('diff', id),
      ])
      expect(outcomes.slice(0, 2)).toEqual([
        { exitCode: 0, stdout: `${id}\n`, stderr: '' },
        { exitCode: 0, stdout: '', stderr: '' },
      ])
      expect(outcomes[3]?.exitCode).toBe(0)
      const read = await lighter('exec', id, 'cat', '/copied')
      expect(read.stdout).toBe(readFileSync('/etc/passwd', 'utf8'))
      await lighter('rm', '-f', id)
    }
  })

  test.each([
    [['wait', 'box'], '0137\n'],
    [['exec', 'box', 'true'], ''],
    [['exec', '-d', 'box', 'true'], ''],
    [['top', 'box'], undefined],
    [['attach', 'box'], ''],
    [['pause', 'box'], 'box\n'],
    [['logs', '-f', 'box'], ''],
    [['stop', '-t', '0', 'box'], 'box\n'],
    [['kill', 'box'], 'box\n'],
  ] as const)(
    "%j beside rm -f: done, or Docker's words",
    { timeout: 120_000 },
    async (args, said) => {
      for (let wait = 0; wait < 40; wait += 5) {
        const run = await lighter('run', '-d', '--rm', '--name', 'box', image, 'sleep', '1000')
        const removed = lighter('rm', '-f', 'box')
        await sleep(wait)
        const { exitCode, stdout, stderr } = await lighter(...args)
        await removed
        const id = run.stdout.trim()
        // It went before, was seen ended, or went while the command was with it.
        if (exitCode === 1) expect(stderr).toMatch(wordsOf(id))
        else expect([0, 137]).toContain(exitCode)
        if (exitCode === 0) expect(stderr).toBe('')
        if (exitCode === 0 && said !== undefined) expect(said).toContain(stdout)
        expect(readdirSync(join(world.data, 'containers'))).not.toContain(id)
      }
    },
  )

  test('logs and port beside rm -f: what was there, or No such container', async () => {
    const command = ['sh', '-c', 'echo said; sleep 1000']
    const gone = 'Error response from daemon: No such container: box\n'
    for (let wait = 0; wait < 60; wait += 5) {
      await lighter('run', '-d', '-p', '80', '--name', 'box', image, ...command)
      await until(async () => (await lighter('logs', 'box')).stdout === 'said\n')
      const removed = lighter('rm', '-f', 'box')
      await sleep(wait)
      const [logs, port] = await Promise.all([lighter('logs', 'box'), lighter('port', 'box')])
      await removed
      expect(logs).toEqual(
        logs.exitCode === 0
          ? { exitCode: 0, stdout: 'said\n', stderr: '' }
          : { exitCode: 1, stdout: '', stderr: gone },
      )
      // One that has ended, and is still there, publishes nothing.
      expect(port.stderr).toBe(port.exitCode === 0 ? '' : gone)
    }
  })

  test('exec and attach that find the container gone say so', async () => {
    const [hash = ''] = readdirSync(join(world.data, 'libexec'))
    const native = join(world.data, 'libexec', hash, 'lighter-native')
    const gone = { exitCode: 1, stdout: '', stderr: 'E: No such container: box\n' }
    const where = ['--container', join(world.data, 'containers', 'none'), '--name', 'box']
    const exec = ['exec', ...where, '--exec', '/none.json', '--gone-prefix', 'E: ']
    expect(await world.run(native, exec)).toEqual(gone)
    const attach = ['attach', ...where, '--error-prefix', 'E: ', '--failure-code', '1']
    expect(await world.run(native, attach)).toEqual(gone)
    const id = await create('ended', 'true')
    const ended = exec.map((word) => word.replace(/none$/, id))
    const stderr = `E: container ${id} is not running\n`
    expect(await world.run(native, ended)).toEqual({ ...gone, stderr })
    await lighter('rm', 'ended')
  })

  test('attach that is taken by a monitor about to end says that the container is stopped', async () => {
    const id = await create('ending', 'true')
    const [hash = ''] = readdirSync(join(world.data, 'libexec'))
    const native = join(world.data, 'libexec', hash, 'lighter-native')
    const sockets = join(world.env.XDG_RUNTIME_DIR ?? '', 'lighter/containers')
    await world.run('mkdir', ['-p', sockets])
    await lighter('start', 'ending')
    await lighter('wait', 'ending')
    const path = join(sockets, `${id}.sock`)
    // Of the user: a client talks to nobody else's.
    const script =
      "require('net').createServer((socket) => socket.destroy()).listen(process.argv[1], () => console.log('ready'))"
    const monitor = spawn(process.execPath, ['-e', script, path], { ...world.ids, stdio: 'pipe' })
    await once(monitor.stdout, 'data')
    const container = join(world.data, 'containers', id)
    const args = ['attach', '--container', container, '--name', 'ending']
    const words = ['--error-prefix', 'E: ', '--failure-code', '1']
    const outcome = await world.run(native, [...args, ...words])
    monitor.kill()
    await once(monitor, 'exit')
    const stderr = 'E: You cannot attach to a stopped container, start it first\n'
    expect(outcome).toEqual({ exitCode: 1, stdout: '', stderr })
    await lighter('rm', 'ending')
  })

  test('everything at once leaves what can be used', { timeout: 240_000 }, async () => {
    const id = await create('busy', 'sleep', '1000')
    const commands = [
      ['start'],
      ['stop', '-t', '0'],
      ['restart', '-t', '0'],
      ['kill'],
      ['pause'],
      ['unpause'],
      ['exec', id, 'true'],
      ['inspect'],
    ]
    for (let round = 0; round < 3; round++) {
      const outcomes = await Promise.all(
        commands.map((command) => lighter(...command, ...(command[0] === 'exec' ? [] : [id]))),
      )
      for (const [index, { stderr }] of outcomes.entries()) {
        expect(stderr, commands[index]?.join(' ')).toMatch(
          /^$|is not running|is paused|is not paused|already paused|cannot start a paused container|is restarting/,
        )
      }
    }
    await lighter('unpause', id)
    expect(await lighter('restart', '-t', '0', id)).toMatchObject(works)
    expect((await lighter('exec', id, 'echo', 'fine')).stdout).toBe('fine\n')
    await lighter('rm', '-f', id)
    expect(processesNaming(id)).toEqual([])
  })
})

const status = (id: string): string =>
  JSON.parse(readFileSync(join(world.data, 'containers', id, 'state.json'), 'utf8')).status

/** Monitors of a container that are left. */
function processesNaming(id: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(
        `lighter-monitor ${id.slice(0, 12)}`,
      )
    } catch {
      return false
    }
  })
}
