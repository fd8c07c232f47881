import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { isAlive, mountsBelow, remainsIn, withDescendants } from '../helpers/leftovers.ts'
import { until, untilDead } from '../helpers/until.ts'
import { finish, makeWorld, statusOf, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox:latest`

const DRIVERS = [
  ['user', 'overlay'],
  ['user', 'fuse-overlayfs'],
  ['root', 'overlay'],
  ['root', 'fuse-overlayfs'],
] as const

describe.each(DRIVERS.filter(([who]) => inject('who').includes(who)))(
  'kill -9, as %s on %s',
  (who, driver) => {
    let world: World
    const lighter = (...args: string[]) => world.lighter(args)
    const works = { exitCode: 0, stderr: '' }

    beforeAll(async () => {
      world = makeWorld(`crash-${who}-${driver}`, who)
      world.env.LIGHTER_STORAGE_DRIVER = driver
      await lighter('pull', '-q', image)
    })
    afterAll(() => world.remove())

    const runDetached = async (name: string, ...command: string[]): Promise<string> => {
      const sleeps = command.length > 0 ? command : ['sleep', '1000']
      const outcome = await lighter('run', '-d', '--name', name, image, ...sleeps)
      expect(outcome).toMatchObject(works)
      return outcome.stdout.trim()
    }
    const readState = (id: string) =>
      JSON.parse(readFileSync(join(world.data, 'containers', id, 'state.json'), 'utf8'))
    /** The pid of the shared slirp4netns: the first word of its record. */
    const uplink = () =>
      Number.parseInt(readFileSync(join(world.sockets, 'uplink'), 'utf8').split(' ')[0] ?? '', 10)
    const monitors = () =>
      readdirSync(join(world.data, 'containers')).map((id): number => readState(id).monitor.pid)
    const hasAWayOut = async () => {
      const { stdout } = await lighter('run', '--rm', image, 'ip', 'route')
      expect(stdout).toMatch(/default via/)
    }

    test('of the command line harms nothing', async () => {
      const client = world.start(['run', '--name', 'orphan', image, 'sleep', '1000'])
      await until(async () => (await statusOf(world, 'orphan')).startsWith('running'))
      client.kill('SIGKILL')
      await finish(client)
      expect(await statusOf(world, 'orphan')).toBe('running 0')
      expect((await lighter('exec', 'orphan', 'echo', 'alive')).stdout).toBe('alive\n')
      expect(await lighter('rm', '-f', 'orphan')).toMatchObject(works)
    })

    test('of the command line at any moment of its start', async () => {
      for (let wait = 20; wait <= 300; wait += 20) {
        const client = world.start(['run', '--rm', '--name', 'cut', image, 'true'])
        const ended = finish(client)
        await sleep(wait)
        client.kill('SIGKILL')
        await ended
      }
      await lighter('rm', '-f', 'cut')
      expect(await lighter('run', '--rm', '--name', 'cut', image, 'true')).toMatchObject(works)
      // Removing collects the work that was cut off.
      await lighter('rm', '-f', 'cut')
      expect(remainsIn(world.data)).toEqual([])
    })

    // The kill between writing a name and giving it hits once in many runs.
    test('of the command line that was about to take a name', async () => {
      const client = world.start(['--version'])
      await finish(client)
      const draft = `cut.${client.pid}-0123456789ab.tmp`
      await world.run('touch', [join(world.data, 'names', draft)])
      expect(remainsIn(world.data)).toEqual([`names/${draft}`])
      await lighter('rm', '-f', 'cut')
      expect(remainsIn(world.data)).toEqual([])
    })

    test('of a monitor that empties its trash: the next one does it', async () => {
      await world.run('mkdir', ['-p', join(world.data, 'trash', 'left', 'inside')])
      expect(await lighter('run', '--rm', image, 'true')).toMatchObject(works)
      expect(remainsIn(world.data)).toEqual([])
    })

    test('of a monitor: the container is seen as dead, and can be started again', async () => {
      const script = 'sleep 0.3; echo alive; exec sleep 1000'
      const id = await runDetached('bereft', 'sh', '-c', script)
      const { monitor, pid } = readState(id)
      await until(async () => (await lighter('logs', 'bereft')).stdout === 'alive\n')
      process.kill(monitor.pid, 'SIGKILL')
      await untilDead(pid)
      expect(await statusOf(world, 'bereft')).toBe('exited 137')
      // The end is no earlier than the last that was heard of it, and does not move.
      const format = '{{.State.StartedAt}} {{.State.FinishedAt}}'
      const times = (await lighter('inspect', '-f', format, 'bereft')).stdout
      const [started = '', finished = ''] = times.trim().split(' ')
      expect(Date.parse(finished)).toBeGreaterThan(Date.parse(started) + 200)
      expect(Date.parse(finished)).toBeLessThanOrEqual(Date.now())
      expect((await lighter('inspect', '-f', format, 'bereft')).stdout).toBe(times)
      expect((await lighter('ps', '-q')).stdout).toBe('')
      expect(await lighter('start', 'bereft')).toMatchObject(works)
      expect(await statusOf(world, 'bereft')).toBe('running 0')
      expect((await lighter('exec', 'bereft', 'echo', 'in')).stdout).toBe('in\n')
      expect(await lighter('rm', '-f', 'bereft')).toMatchObject(works)
    })

    test('of the monitor of an --rm container: the next command removes it', async () => {
      const lost = async (name: string): Promise<string> => {
        const run = [
          'run',
          '-d',
          '--rm',
          '-v',
          '/anonymous',
          '--name',
          name,
          image,
          'sleep',
          '1000',
        ]
        const id = (await lighter(...run)).stdout.trim()
        const { monitor, pid } = readState(id)
        process.kill(monitor.pid, 'SIGKILL')
        await untilDead(pid)
        return id
      }
      // Root has one store for all worlds: other tests may have left named volumes in it.
      const before = (await lighter('volume', 'ls', '-q')).stdout
      await lost('seen')
      expect((await lighter('ps', '-aq')).stdout).toBe('')
      await lost('again')
      expect(await lighter('run', '--rm', '--name', 'again', image, 'true')).toMatchObject(works)
      await lost('removed')
      expect(await lighter('rm', 'removed')).toEqual({ ...works, stdout: 'removed\n' })
      await lost('pruned')
      expect(await lighter('container', 'prune', '-f')).toMatchObject(works)
      expect(remainsIn(world.data)).toEqual([])
      expect((await lighter('volume', 'ls', '-q')).stdout).toBe(before)
    })

    test('of one monitor harms no other container', async () => {
      const [first, second] = [await runDetached('falls'), await runDetached('stands')]
      process.kill(readState(first).monitor.pid, 'SIGKILL')
      await untilDead(readState(first).pid)
      expect(await statusOf(world, second)).toBe('running 0')
      expect((await lighter('exec', second, 'ip', 'route')).stdout).toMatch(/default via/)
      await hasAWayOut()
      expect(await lighter('rm', '-f', first, second)).toMatchObject(works)
      expect(existsSync(join(world.sockets, 'containers', `${first}.sock`))).toBe(false)
    })

    test('of slirp4netns: the next start has a way out again, in place', async () => {
      await runDetached('first')
      const before = uplink()
      for (const pid of withDescendants([before])) process.kill(pid, 'SIGKILL')
      await untilDead(before)
      await hasAWayOut()
      expect(uplink()).not.toBe(before)
      expect(isAlive(uplink())).toBe(true)
      expect(await lighter('rm', '-f', 'first')).toMatchObject(works)
    })

    test('of everything at once', async () => {
      await runDetached('one')
      await runDetached('two')
      const everything = withDescendants([...monitors(), uplink()])
      expect(everything.length).toBeGreaterThanOrEqual(5)
      for (const pid of everything) {
        try {
          process.kill(pid, 'SIGKILL')
        } catch {
          // it went with another one
        }
      }
      for (const pid of everything) await untilDead(pid)
      expect(await statusOf(world, 'one')).toBe('exited 137')
      expect((await lighter('ps', '-q')).stdout).toBe('')
      expect((await lighter('run', '--rm', image, 'echo', 'works')).stdout).toBe('works\n')
      await hasAWayOut()
      expect(await lighter('start', 'one')).toMatchObject(works)
      expect((await lighter('rm', '-f', 'one', 'two')).stdout).toBe('one\ntwo\n')
      expect(mountsBelow(world.data)).toEqual([])
    })
  },
)
