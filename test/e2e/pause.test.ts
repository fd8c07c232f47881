import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../helpers/until.ts'
import { finish, makeWorld, type Outcome, statusOf, type World } from '../helpers/world.ts'

const image = 'lighter/hello'
/** Counts for ever, with a child that does the same and one that is stopped all the time. */
const COUNTER =
  '(sleep 1000 & kill -STOP $!; while :; do sleep 0.1; done) & i=0; while :; do i=$((i+1)); echo $i; usleep 50000; done'

let world: World
const lighter = (...args: string[]): Promise<Outcome> => world.lighter(args)

beforeAll(() => {
  world = makeWorld('pause')
})
afterAll(() => world.remove())

const lines = async (name: string): Promise<number> =>
  (await lighter('logs', name)).stdout.split('\n').length

describe('pause', () => {
  test('nothing goes on until unpause; what the container itself had stopped stays stopped', async () => {
    const id = (
      await lighter('run', '-d', '--name', 'counter', image, 'sh', '-c', COUNTER)
    ).stdout.trim()
    await until(async () => (await lines('counter')) > 3)
    expect(await lighter('pause', 'counter')).toEqual({
      exitCode: 0,
      stdout: 'counter\n',
      stderr: '',
    })
    // Its monitor may still be writing down what came before; one that goes on says more each time.
    let before: number
    await until(async () => {
      before = await lines('counter')
      await sleep(500)
      return (await lines('counter')) === before
    }, 'the counter rests')
    expect((await lighter('ps')).stdout).toMatch(/Up .* \(Paused\) +counter\n/)
    expect(JSON.parse((await lighter('inspect', 'counter')).stdout)[0].State).toMatchObject({
      Status: 'paused',
      Running: true,
      Paused: true,
    })
    expect(await lighter('pause', 'counter')).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `Error response from daemon: Container ${id} is already paused\n`,
    })
    expect(await lighter('exec', 'counter', 'true')).toEqual({
      exitCode: 1,
      stdout: '',
      stderr:
        'Error response from daemon: Container counter is paused, unpause the container before exec\n',
    })
    expect((await lighter('rm', 'counter')).stderr).toBe(
      'Error response from daemon: cannot remove container "/counter": container is paused and must be unpaused first\n',
    )
    expect((await lighter('attach', 'counter')).stderr).toBe(
      'You cannot attach to a paused container, unpause it first\n',
    )
    expect((await lighter('start', 'counter')).stderr).toBe(
      'Error response from daemon: cannot start a paused container, try unpause instead\nError: failed to start containers: counter\n',
    )
    expect(await lighter('unpause', 'counter')).toEqual({
      exitCode: 0,
      stdout: 'counter\n',
      stderr: '',
    })
    await until(async () => (await lines('counter')) > before)
    const states = await lighter(
      'exec',
      'counter',
      'sh',
      '-c',
      'cat /proc/[0-9]*/stat | grep -c ") T "',
    )
    expect(states.stdout).toBe('1\n')
    expect((await lighter('unpause', 'counter')).stderr).toBe(
      `Error response from daemon: Container ${id} is not paused\n`,
    )
  })

  test('stop, kill and rm -f of a paused container', async () => {
    const trap = 'trap "echo bye; exit 5" TERM; echo set; while :; do usleep 50000; done'
    await lighter('run', '-d', '--name', 'polite', image, 'sh', '-c', trap)
    await until(async () => (await lines('polite')) > 1)
    await lighter('pause', 'polite')
    expect((await lighter('stop', 'polite')).stdout).toBe('polite\n')
    expect(await statusOf(world, 'polite')).toBe('exited 5')
    expect((await lighter('logs', 'polite')).stdout).toBe('set\nbye\n')
    for (const [name, command, status] of [
      ['shot', ['kill'], 'exited 137'],
      ['removed', ['rm', '-f'], ''],
    ] as const) {
      await lighter('run', '-d', '--name', name, image, 'sleep', '1000')
      await lighter('pause', name)
      expect((await lighter(...command, name)).exitCode).toBe(0)
      expect(await statusOf(world, name)).toBe(status)
    }
  })

  test('events, and who is not there', async () => {
    await lighter('run', '-d', '--name', 'noted', image, 'sleep', '1000')
    await lighter('pause', 'noted')
    await lighter('unpause', 'noted')
    const journal = readFileSync(`${world.data}/events/journal.jsonl`, 'utf8')
      .split('\n')
      .filter((line) => line.includes('"name":"noted"'))
      .map((line) => JSON.parse(line).Action)
    expect(journal.slice(-2)).toEqual(['pause', 'unpause'])
    expect((await lighter('pause', 'nosuch')).stderr).toBe(
      'Error response from daemon: No such container: nosuch\n',
    )
    await lighter('kill', 'noted')
    expect((await lighter('pause', 'noted')).stderr).toMatch(
      /^Error response from daemon: container [0-9a-f]{64} is not running\n$/,
    )
  })

  test('an attached client goes on with it', async () => {
    const script = 'while [ ! -e /go/now ]; do usleep 20000; done; echo end'
    const go = join(world.home, 'go')
    await world.run('mkdir', [go])
    const shared = ['--name', 'attached', '-v', `${go}:/go`]
    const running = finish(world.start(['run', ...shared, image, 'sh', '-c', script]))
    await until(async () => (await statusOf(world, 'attached')) === 'running 0')
    expect(await lighter('pause', 'attached')).toMatchObject({ exitCode: 0 })
    await world.run('touch', [join(go, 'now')])
    expect(await Promise.race([running, sleep(500, 'waits')])).toBe('waits')
    expect(await lighter('unpause', 'attached')).toMatchObject({ exitCode: 0 })
    expect(await running).toMatchObject({ exitCode: 0, stdout: 'end\n' })
  })
})
