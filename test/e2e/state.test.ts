import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { remainsIn } from '../helpers/leftovers.ts'
import { untilConnected } from '../helpers/until.ts'
import { finish, makeWorld, statusOf, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox:latest`
const debian = `${inject('registry')}/debian:bookworm`

let world: World
const lighter = (...args: string[]) => world.lighter(args)
const runDetached = async (name: string): Promise<string> =>
  (await lighter('run', '-d', '--name', name, image, 'sleep', '1000')).stdout.trim()
const stateFile = (id: string) => join(world.data, 'containers', id, 'state.json')
const readState = (id: string) => JSON.parse(readFileSync(stateFile(id), 'utf8'))
beforeAll(async () => {
  world = makeWorld('state')
  await lighter('pull', '-q', image)
})
afterAll(() => world.remove())

describe('what a reboot or a logout leaves', () => {
  test('a process identity of an earlier boot is dead', async () => {
    const id = await runDetached('rebooted')
    const state = readState(id)
    await lighter('kill', 'rebooted')
    const earlier = '00000000-0000-0000-0000-000000000000'
    writeFileSync(
      stateFile(id),
      JSON.stringify({ ...state, bootId: earlier, monitor: { ...state.monitor, bootId: earlier } }),
    )
    expect(await statusOf(world, 'rebooted')).toBe('exited 137')
    expect(await lighter('rm', 'rebooted')).toMatchObject({ exitCode: 0, stderr: '' })
  })

  test('a pid that is somebody else by now is left alone', async () => {
    const id = await runDetached('reused')
    const state = readState(id)
    await lighter('kill', 'reused')
    const stranger = spawn('sleep', ['1000'], world.ids)
    const reused = { ...state, pid: stranger.pid, startTime: '1' }
    writeFileSync(
      stateFile(id),
      JSON.stringify({ ...reused, monitor: { ...state.monitor, pid: stranger.pid } }),
    )
    expect(await lighter('rm', '-f', 'reused')).toMatchObject({ exitCode: 0, stderr: '' })
    expect(stranger.exitCode ?? stranger.signalCode).toBe(null)
    stranger.kill()
  })

  test('a wiped runtime directory', async () => {
    await runDetached('survivor')
    rmSync(join(world.runtime, 'lighter'), { recursive: true, force: true })
    expect((await lighter('ps')).stdout).toMatch(/\bsurvivor\n/)
    expect((await lighter('exec', 'survivor', 'echo', 'in')).stdout).toBe('in\n')
    expect((await lighter('run', '--rm', image, 'true')).exitCode).toBe(0)
    expect(await lighter('stop', '-t', '0', 'survivor')).toMatchObject({ exitCode: 0, stderr: '' })
    expect(await lighter('rm', 'survivor')).toMatchObject({ exitCode: 0, stderr: '' })
  })

  test('unfinished work of a dead process is no obstacle', async () => {
    for (const pid of [1, 99]) {
      await world.run('mkdir', ['-p', join(world.data, 'tmp', `99999${pid}-1-abc0`, 'containers')])
    }
    // A client killed while it claimed a name left such a file for good.
    const claim = join(world.data, 'names', 'cut.9999999-0123456789ab.tmp')
    expect(await world.run('install', ['-D', '/dev/null', claim])).toMatchObject({ exitCode: 0 })
    expect((await lighter('run', '--rm', image, 'true')).exitCode).toBe(0)
    expect((await lighter('ps', '-aq')).stdout).toBe('')
    // Pulling and removing images collect it.
    expect((await lighter('pull', '-q', image)).exitCode).toBe(0)
    expect(remainsIn(world.data)).toEqual([])
  })

  test('a name whose container was never finished is free', async () => {
    const claim = {
      version: 1,
      id: 'f'.repeat(64),
      owner: { pid: 999_999, startTime: '1', bootId: '00000000-0000-0000-0000-000000000000' },
    }
    const script = `mkdir -p ${world.data}/names && cat > ${world.data}/names/ghost`
    await world.run('sh', ['-c', script], { input: JSON.stringify(claim) })
    expect((await lighter('run', '--rm', '--name', 'ghost', image, 'true')).exitCode).toBe(0)
  })
})

describe('no global lock', () => {
  test('60 runs, 12 at a time', { timeout: 240_000 }, async () => {
    const queue = Array.from({ length: 60 }, (_, index) => index)
    const codes: number[] = []
    const worker = async () => {
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
        const outcome = await lighter('run', '--rm', image, 'sh', '-c', `exit ${next}`)
        codes.push(outcome.exitCode === next ? 0 : outcome.exitCode)
        if (outcome.exitCode !== next) console.error(outcome.stderr)
      }
    }
    await Promise.all(Array.from({ length: 12 }, worker))
    expect(codes).toEqual(Array(60).fill(0))
    expect(remainsIn(world.data)).toEqual([])
  })

  test('one of many with the same name wins', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => lighter('create', '--name', 'contested', image)),
    )
    expect(outcomes.filter(({ exitCode }) => exitCode === 0)).toHaveLength(1)
    expect((await lighter('ps', '-aq')).stdout.trim().split('\n')).toHaveLength(1)
    await lighter('rm', 'contested')
  })

  test('ps answers while images are pulled; one pull killed, the next goes on', async () => {
    const pull = world.start(['pull', debian], { group: true })
    const ended = finish(pull)
    for (let i = 0; i < 5; i++) {
      await sleep(100)
      // Whoever waits for it now waits for ever.
      signalGroup(pull.pid, 'SIGSTOP')
      expect((await lighter('ps')).exitCode).toBe(0)
      signalGroup(pull.pid, 'SIGCONT')
    }
    signalGroup(pull.pid, 'SIGKILL')
    await ended
    expect((await lighter('pull', '-q', debian)).exitCode).toBe(0)
    const outcome = await lighter(
      'run',
      '--rm',
      '--network',
      'none',
      debian,
      'cat',
      '/etc/lighter-layer',
    )
    expect(outcome.stdout).toBe('second layer\n')
    expect(readdirSync(join(world.data, 'tmp'))).toEqual([])
  })

  test('everything that reads answers while a layer is unpacked and a container removed', async () => {
    await lighter('rmi', '-f', debian)
    await runDetached('witness')
    await lighter('create', '--name', 'doomed', image)
    const workers = [
      ['pull', debian],
      ['rm', 'doomed'],
    ].map((args) => world.start(args, { group: true }))
    const busy = workers.map((worker) => finish(worker))
    await sleep(300)
    for (const { pid } of workers) signalGroup(pid, 'SIGSTOP')
    for (const args of [
      ['ps'],
      ['images'],
      ['info'],
      ['inspect', 'witness'],
      ['logs', 'witness'],
      ['exec', 'witness', 'true'],
    ]) {
      expect(await lighter(...args)).toMatchObject({ exitCode: 0 })
    }
    for (const { pid } of workers) signalGroup(pid, 'SIGCONT')
    for (const { exitCode } of await Promise.all(busy)) expect(exitCode).toBe(0)
    await lighter('rm', '-f', 'witness')
  })

  test('30 at a time in one container', async () => {
    await runDetached('crowded')
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, (_, code) =>
        lighter('exec', 'crowded', 'sh', '-c', `exit ${code}`),
      ),
    )
    expect(outcomes.map(({ exitCode }) => exitCode)).toEqual(
      Array.from({ length: 30 }, (_, i) => i),
    )
    await lighter('rm', '-f', 'crowded')
  })

  // Job control stops a whole process group, at whatever it is doing: podman#8086.
  test.each([
    ['run', ['run', '--rm', '--name', 'held', image, 'sleep', '1']],
    ['pull', ['pull', debian]],
    ['rmi', ['rmi', debian]],
  ])('%s, stopped at any moment, holds nobody up', { timeout: 180_000 }, async (_name, args) => {
    for (let wait = 40; wait <= 400; wait += 60) {
      const stopped = world.start(args, { group: true })
      const ended = finish(stopped)
      await sleep(wait)
      signalGroup(stopped.pid, 'SIGSTOP')
      const outcome = await lighter('run', '--rm', image, 'echo', 'free')
      expect(outcome).toMatchObject({ exitCode: 0, stdout: 'free\n', stderr: '' })
      expect((await lighter('ps', '-a')).exitCode).toBe(0)
      signalGroup(stopped.pid, 'SIGCONT')
      expect((await ended).exitCode).toBeLessThan(2)
    }
  })

  test('the exit code of --rm reaches those who wait', async () => {
    for (const code of [0, 3, 77]) {
      const script = `while [ ! -e /go ]; do usleep 20000; done; exit ${code}`
      const id = (await lighter('run', '-d', '--rm', image, 'sh', '-c', script)).stdout.trim()
      const clients = [world.start(['wait', id]), world.start(['wait', id])]
      const waiting = clients.map((client) => finish(client))
      for (const { pid } of clients) await untilConnected(pid)
      await lighter('exec', id, 'touch', '/go')
      const said = (await Promise.all(waiting)).map(({ stdout }) => stdout)
      expect(said).toEqual([`${code}\n`, `${code}\n`])
    }
  })
})

function signalGroup(leader: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (leader !== undefined) process.kill(-leader, signal)
  } catch {
    // it ended before
  }
}

test('a runtime directory with a path longer than a socket may have', async () => {
  const env = { XDG_RUNTIME_DIR: join(world.home, 'r'.repeat(60)) }
  await world.run('mkdir', ['-m', '700', env.XDG_RUNTIME_DIR])
  const container = ['run', '-d', '--name', 'far', image, 'sleep', '1000']
  expect(await world.lighter(container, { env })).toMatchObject({ exitCode: 0, stderr: '' })
  const removed = await world.lighter(['rm', '-f', 'far'], { env })
  expect(removed).toMatchObject({ exitCode: 0, stderr: '' })
})

test('rm of what is gone: with -f a remark, without it a failure', async () => {
  await runDetached('twice')
  expect(await lighter('rm', '-f', 'twice')).toMatchObject({ exitCode: 0, stderr: '' })
  const message = expect.stringMatching(/No such container: twice/)
  expect(await lighter('rm', '-f', 'twice')).toMatchObject({ exitCode: 0, stderr: message })
  expect(await lighter('rm', 'twice')).toMatchObject({ exitCode: 1, stderr: message })
})

test('an anonymous volume goes with --rm', async () => {
  const before = existsSync(join(world.data, 'volumes'))
    ? readdirSync(join(world.data, 'volumes'))
    : []
  await lighter('run', '--rm', '-v', '/anonymous', image, 'touch', '/anonymous/x')
  const after = existsSync(join(world.data, 'volumes'))
    ? readdirSync(join(world.data, 'volumes'))
    : []
  expect(after).toEqual(before)
})
