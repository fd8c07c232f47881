import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

const image = 'lighter/hello'
let world: World
let tree: string

async function said(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await world.lighter(args)
  expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: '' })
  return stdout.trim()
}

const show = 'cd /x; for name in . sub sub/file out far; do stat -c "%n %u:%g" $name; done'
const given = (owner: string): string =>
  ['.', 'sub', 'sub/file', 'out', 'far'].map((name) => `${name} ${owner}`).join('\n')

beforeAll(async () => {
  world = makeWorld('mount-owners')
  tree = join(world.home, 'tree')
  const script = [
    'mkdir -p tree/sub; echo a >tree/sub/file; mkdir outside; echo b >outside/kept',
    'ln -s ../outside tree/out; ln -s ../outside/kept tree/far',
  ]
  await world.run('sh', ['-c', `cd ${world.home}; ${script.join('; ')}`])
})
afterAll(() => world.remove())

describe('the mount option U', () => {
  test('gives a directory to the user of the container, links themselves, and back', async () => {
    const user = ['--user', '1234:567']
    expect(await said('run', '--rm', ...user, '-v', `${tree}:/x:U`, image, 'sh', '-c', show)).toBe(
      given('1234:567'),
    )
    expect(await said('run', '--rm', ...user, '-v', `${tree}:/x`, image, 'touch', '/x/new')).toBe(
      '',
    )
    // What links lead to stays as it was.
    const outside = join(world.home, 'outside')
    const look = ['stat', '-c', '%u:%g', '/o', '/o/kept']
    expect(await said('run', '--rm', '-v', `${outside}:/o`, image, ...look)).toBe('0:0\n0:0')
    const mount = `type=bind,src=${tree},dst=/x,U=true`
    expect(await said('run', '--rm', '--mount', mount, image, 'sh', '-c', show)).toBe(given('0:0'))
  })

  test('of a file alone', async () => {
    const file = join(world.home, 'outside/kept')
    const run = ['run', '--rm', '--user', '33', '-v', `${file}:/f:ro,U`, image]
    expect(await said(...run, 'stat', '-c', '%u:%g', '/f')).toBe('33:0')
    await said('run', '--rm', '-v', `${file}:/f:U`, image, 'true')
  })

  test('of a volume, of a part of one, and with other ids in the container', async () => {
    await said('run', '--rm', '-v', 'given:/x', image, 'mkdir', '-p', '/x/a', '/x/b')
    const look = ['stat', '-c', '%n %u', '/x', '/x/a', '/x/b']
    const part = 'type=volume,src=given,dst=/p,volume-subpath=a,U'
    await said('run', '--rm', '--user', '7', '--mount', part, image, 'true')
    expect(await said('run', '--rm', '-v', 'given:/x', image, ...look)).toBe('/x 0\n/x/a 7\n/x/b 0')
    const whole = ['--user', '9', '-v', 'given:/x:U']
    expect(await said('run', '--rm', ...whole, image, ...look)).toBe('/x 9\n/x/a 9\n/x/b 9')
    const kept = ['--userns', 'keep-id:uid=1000,gid=1000', '--user', '5', '-v', 'given:/x:U']
    expect(await said('run', '--rm', ...kept, image, ...look)).toBe('/x 5\n/x/a 5\n/x/b 5')
    await said('create', '--name', 'shown', '-v', 'given:/x:U', image, 'true')
    expect(await said('inspect', '-f', '{{(index .Mounts 0).Mode}}', 'shown')).toBe('U')
  })

  test('at each start', async () => {
    await said(
      'create',
      '--name',
      'twice',
      '--user',
      '11',
      '-v',
      'again:/x:U',
      image,
      'stat',
      '-c',
      '%u',
      '/x/f',
    )
    await said('run', '--rm', '-v', 'again:/x', image, 'touch', '/x/f')
    expect(await said('start', '-a', 'twice')).toBe('11')
    await said('run', '--rm', '-v', 'again:/x', image, 'chown', '12', '/x/f')
    expect(await said('start', '-a', 'twice')).toBe('11')
  })

  test('of what a volume mounts', async () => {
    await said('volume', 'create', '--opt', 'type=tmpfs', '--opt', 'device=tmpfs', 'memory')
    const run = ['run', '--rm', '--user', '13', '-v', 'memory:/x:U', image]
    expect(await said(...run, 'stat', '-c', '%u', '/x')).toBe('13')
  })

  test('not of what the host needs, by whatever path', async () => {
    const before = await said('ps', '-aq')
    const link = join(world.home, 'link-to-home')
    symlinkSync(world.home, link)
    for (const source of ['/', '/etc', world.home, link]) {
      const { exitCode, stderr } = await world.lighter([
        'run',
        '-v',
        `${source}:/x:U`,
        image,
        'true',
      ])
      expect({ source, exitCode }).toEqual({ source, exitCode: 125 })
      expect(stderr).toContain('invalid mount option U: the owner of')
    }
    expect(await said('ps', '-aq')).toBe(before)
  })

  test('not of what another user owns', async () => {
    const foreign = join(world.home, 'foreign')
    mkdirSync(foreign)
    writeFileSync(join(foreign, 'root'), '')
    const { exitCode, stderr } = await world.lighter([
      'run',
      '--rm',
      '-v',
      `${foreign}:/x:U`,
      image,
      'true',
    ])
    expect(exitCode).toBe(125)
    expect(stderr).toContain(
      `cannot give all of ${foreign} to the container's user (option U): Operation not permitted`,
    )
  })

  test('not of a tmpfs, and once', async () => {
    const tmpfs = await world.lighter(['run', '--mount', 'type=tmpfs,dst=/x,U', image, 'true'])
    expect(tmpfs.stderr).toContain('a tmpfs has no source to give (option U)')
    const twice = await world.lighter(['run', '-v', 'given:/x:U,U', image, 'true'])
    expect(twice.stderr).toContain('invalid mode: U,U')
  })
})

test.each([
  ['-v', 'given:/x:idmap'],
  ['-v', '/usr:/x:ro,idmap=uids=0-1-10'],
  ['--mount', 'type=bind,src=/usr,dst=/x,idmap'],
])('idmap is refused with the reason: %s %s', async (flag, value) => {
  const { exitCode, stderr } = await world.lighter(['run', flag, value, image, 'true'])
  expect(exitCode).toBe(125)
  expect(stderr).toContain('the mount option idmap needs root of the host')
})
