import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { isAlive, remainsIn } from '../helpers/leftovers.ts'
import { until, untilDead } from '../helpers/until.ts'
import { makeWorld, statusOf, type World } from '../helpers/world.ts'

const image = 'lighter/hello'
/** Milliseconds; a real wait without limit must not become the suite's. */
const LIMIT = 60_000

describe.each(inject('who'))('a monitor that was stopped, as %s', (who) => {
  let world: World
  const lighter = (...args: string[]) => world.lighter(args)

  beforeAll(() => {
    world = makeWorld(`suspended-${who}`, who)
  })
  afterAll(() => world.remove())

  /** Starts a container and stops its monitor; returns the pids of both. */
  const runAndSuspend = async (...flags: string[]): Promise<{ own: number; monitor: number }> => {
    const { stdout } = await lighter('run', '-d', '--name', 'box', ...flags, image, 'sleep', '1000')
    const path = join(world.data, 'containers', stdout.trim(), 'state.json')
    const { pid, monitor } = JSON.parse(readFileSync(path, 'utf8'))
    process.kill(monitor.pid, 'SIGSTOP')
    await until(() => /^State:\tT/m.test(readFileSync(`/proc/${monitor.pid}/status`, 'utf8')))
    return { own: pid, monitor: monitor.pid }
  }
  const expectNothingLeft = async ({ own, monitor }: { own: number; monitor: number }) => {
    await untilDead(monitor)
    await untilDead(own)
    expect(remainsIn(world.data)).toEqual([])
  }
  const done = { exitCode: 0, stdout: 'box\n', stderr: '' }

  test('rm -f', { timeout: LIMIT }, async () => {
    const pids = await runAndSuspend()
    expect(await lighter('rm', '-f', 'box')).toEqual(done)
    await expectNothingLeft(pids)
  })

  test('stop and kill, with the exit code and the removal that --rm wants', {
    timeout: LIMIT,
  }, async () => {
    const stopped = await runAndSuspend()
    expect(await lighter('stop', '-t', '1', 'box')).toEqual(done)
    expect(await statusOf(world, 'box')).toBe('exited 137')
    expect(await lighter('rm', 'box')).toEqual(done)
    await expectNothingLeft(stopped)
    const killed = await runAndSuspend('--rm')
    expect(await lighter('kill', 'box')).toEqual(done)
    await expectNothingLeft(killed)
  })

  test('pause and a signal that is not the end reach it', { timeout: LIMIT }, async () => {
    const pids = await runAndSuspend()
    expect(await lighter('pause', 'box')).toEqual(done)
    process.kill(pids.monitor, 'SIGSTOP')
    expect(await lighter('unpause', 'box')).toEqual(done)
    process.kill(pids.monitor, 'SIGSTOP')
    expect(await lighter('kill', '-s', 'USR1', 'box')).toEqual(done)
    expect(await lighter('rm', '-f', 'box')).toEqual(done)
    await expectNothingLeft(pids)
  })

  test('one that is stopped again and again does not keep its container', {
    timeout: LIMIT,
  }, async () => {
    const pids = await runAndSuspend()
    const again = setInterval(
      () => isAlive(pids.monitor) && process.kill(pids.monitor, 'SIGSTOP'),
      1,
    )
    try {
      expect(await lighter('rm', '-f', 'box')).toEqual(done)
    } finally {
      clearInterval(again)
    }
    // It may have been stopped once more behind its answer, while it tidied up.
    if (isAlive(pids.monitor)) process.kill(pids.monitor, 'SIGCONT')
    await expectNothingLeft(pids)
  })
})
