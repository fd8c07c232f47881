import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { remainsIn } from '../helpers/leftovers.ts'
import { makeWorld, type Outcome, statusOf, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox:latest`
const works = { exitCode: 0, stderr: '' }

/** Docker's users cannot even delete then; see podman#13967, #25317. */
describe('a disk with no free block', () => {
  let world: World
  let store: string
  let filler: string
  const lighter = (...args: string[]) => world.lighter(args)

  beforeEach(async () => {
    world = makeWorld('full')
    store = join(world.home, '.local/share')
    filler = join(store, 'filler')
    mkdirSync(store, { recursive: true })
    execFileSync('chown', ['-R', `${world.ids.uid}:${world.ids.gid}`, join(world.home, '.local')])
    const options = `size=64m,mode=700,uid=${world.ids.uid},gid=${world.ids.gid}`
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', store])
    expect(await lighter('pull', '-q', image)).toMatchObject(works)
  })
  afterEach(async () => {
    await lighter('rm', '-f', 'idle', 'busy')
    execFileSync('umount', [store])
    await world.remove()
  })

  const fill = () =>
    execFileSync('sh', ['-c', `cat /dev/zero > ${filler} || true`], { stdio: 'ignore' })
  const expectNoSpace = (outcome: Outcome, code: number) => {
    expect(outcome.stderr).toMatch(
      /^[^\n]*no space left on device[^\n]*\n([^\n]*--help[^\n]*\n)?$/i,
    )
    expect(outcome.exitCode).toBe(code)
  }

  test('new work is refused in one sentence and leaves nothing', async () => {
    expect(await lighter('run', '--rm', image, 'true')).toMatchObject(works)
    fill()
    for (const [code, ...verb] of [
      [125, 'run', '--rm'],
      [125, 'run', '-d'],
      [1, 'create'],
    ] as const) {
      expectNoSpace(await lighter(...verb, '--name', 'refused', image, 'true'), code)
      expect(remainsIn(world.data)).toEqual([])
    }
    rmSync(filler)
    expect(await lighter('run', '--rm', '--name', 'refused', image, 'true')).toMatchObject(works)
  })

  test('containers are seen, stopped and removed, and so are images', async () => {
    expect(await lighter('create', '--name', 'idle', image)).toMatchObject(works)
    expect(await lighter('run', '-d', '--name', 'busy', image, 'sleep', '1000')).toMatchObject(
      works,
    )
    fill()
    expect((await lighter('ps', '-a')).stdout).toMatch(/busy\n.*idle\n$/s)
    expectNoSpace(await lighter('exec', 'busy', 'true'), 1)
    // It named slirp4netns, whose log found no room.
    const started = await lighter('start', 'idle')
    expect(started.stderr).toMatch(
      /^Error response from daemon: [^\n]*no space left on device\nError: failed to start containers: idle\n$/i,
    )
    expect(started.exitCode).toBe(1)
    expect(await statusOf(world, 'idle')).toMatch(/^created/)
    expect(readdirSync(join(world.data, 'containers'))).toHaveLength(2)
    expect(await lighter('stop', '-t', '0', 'busy')).toMatchObject({ ...works, stdout: 'busy\n' })
    expect(await statusOf(world, 'busy')).toBe('exited 137')
    expect(await lighter('rm', 'idle', 'busy')).toMatchObject({ ...works, stdout: 'idle\nbusy\n' })
    expect(remainsIn(world.data)).toEqual([])
    expect(await lighter('rmi', image)).toMatchObject(works)
    expect((await lighter('images', '-q')).stdout).toBe('')
    rmSync(filler)
    expect(await lighter('run', '--rm', image, 'true')).toMatchObject({ exitCode: 0 })
  })

  test('a program that fills the disk can be stopped, and --rm makes room', async () => {
    const script = 'cat /dev/zero > /filler; echo full; exit 4'
    const outcome = await lighter('run', '--rm', image, 'sh', '-c', script)
    expect(outcome).toMatchObject({ exitCode: 4, stdout: 'full\n' })
    expect(remainsIn(world.data)).toEqual([])
    expect(await lighter('run', '--rm', image, 'true')).toMatchObject(works)
  })
})
