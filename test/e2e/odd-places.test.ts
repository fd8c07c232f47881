import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { makeWorld, type Outcome, type World } from '../helpers/world.ts'

const image = 'lighter/hello'

let world: World
beforeAll(() => {
  world = makeWorld('odd places')
})
afterAll(() => world.remove())

describe.each(['overlay', 'fuse-overlayfs'])('on %s', (driver) => {
  /** What separates the options of mounts, and paths within them. */
  test.each(['a:b', 'c,d=e', 'f\\g', 'h i\'j"k'])(
    'a data directory with the name %s',
    async (name) => {
      const env = { LIGHTER_STORAGE_DRIVER: driver, XDG_DATA_HOME: join(world.home, driver, name) }
      const lighter = (...args: string[]): Promise<Outcome> => world.lighter(args, { env })
      const script = 'echo upper > /upper; rm /etc/hostname; exec sleep 1000'
      const run = await lighter('run', '-d', '--name', 'box', image, 'sh', '-c', script)
      expect(run).toMatchObject({ exitCode: 0, stderr: '' })
      expect((await lighter('exec', 'box', 'cat', '/upper')).stdout).toBe('upper\n')
      await lighter('kill', 'box')
      expect(await lighter('cp', '/etc/passwd', 'box:/copied')).toMatchObject({ exitCode: 0 })
      expect((await lighter('diff', 'box')).stdout).toMatch(/^A \/copied\n[\s\S]*^A \/upper\n/m)
      expect(await lighter('start', 'box')).toMatchObject({ exitCode: 0, stderr: '' })
      expect((await lighter('rm', '-f', 'box')).stdout).toBe('box\n')
    },
  )
})

test('a umask that denies even the user', async () => {
  const env = { XDG_DATA_HOME: join(world.home, 'masked') }
  await world.run('mkdir', [env.XDG_DATA_HOME])
  const lighter = (...args: string[]): Promise<Outcome> =>
    world.run('sh', ['-c', 'umask 0777; exec "$@"', 'sh', inject('program'), ...args], { env })
  const run = await lighter('run', '-d', '--name', 'box', '-v', 'data:/d', image, 'sleep', '1000')
  expect(run).toMatchObject({ exitCode: 0, stderr: '' })
  // A claim that nobody could read was taken for a free name.
  expect((await lighter('create', '--name', 'box', image)).stderr).toMatch(/is already in use/)
  const seen = await lighter('exec', 'box', 'sh', '-c', 'umask; stat -c %a /d /etc/hosts')
  expect(seen.stdout).toBe('0022\n755\n644\n')
  expect((await lighter('rm', '-f', '-v', 'box')).stdout).toBe('box\n')
})

test('a current directory that is deleted is told as such', async () => {
  const script = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"'
  const lighter = (...args: string[]): Promise<Outcome> =>
    world.run('sh', ['-c', script, 'sh', inject('program'), ...args])
  const run = ['run', '--rm', '--network', 'none']
  expect(await lighter(...run, '-v', './x:/x', image, 'true')).toMatchObject({
    exitCode: 125,
    stderr: 'lighter: getwd: no such file or directory\n',
  })
  await world.lighter(['create', '--name', 'box', image])
  expect(await lighter('cp', './x', 'box:/x')).toMatchObject({
    exitCode: 1,
    stderr: 'getwd: no such file or directory\n',
  })
  expect((await world.lighter(['rm', 'box'])).exitCode).toBe(0)
  expect(await lighter(...run, image, 'true')).toMatchObject({ exitCode: 0, stderr: '' })
})
