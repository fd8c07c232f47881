import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox:latest`

let world: World
const lighter = (...args: string[]) => world.lighter(args)
const run = (...args: string[]) => lighter('run', '--rm', '--network', 'none', ...args)
const volumes = (): string[] => {
  const path = join(world.data, 'volumes')
  return existsSync(path) ? readdirSync(path).sort() : []
}

beforeAll(async () => {
  world = makeWorld('volumes')
  await lighter('pull', '-q', image)
})
afterAll(async () => {
  for (const name of volumes()) await run('-v', `${name}:/v`, image, 'sh', '-c', 'rm -rf /v/*')
  await world.remove()
})

describe('a named volume over a directory of the image', () => {
  test('starts with its content, and keeps what is changed', async () => {
    const first = await run(
      '-v',
      'filled:/etc',
      image,
      'sh',
      '-c',
      'ls /etc; rm /etc/group; > /etc/mine',
    )
    expect(first).toMatchObject({ exitCode: 0, stderr: '' })
    expect(first.stdout).toMatch(/^group$[\s\S]*^passwd$/m)
    const second = await run('-v', 'filled:/etc', image, 'ls', '/etc')
    expect(second.stdout).toMatch(/^mine$/m)
    expect(second.stdout).not.toMatch(/^group$/m)
  })

  test('has owner and mode of the directory', async () => {
    expect((await run('-v', 'temporary:/tmp', image, 'stat', '-c', '%a', '/tmp')).stdout).toBe(
      '1777\n',
    )
  })

  test('nocopy leaves it empty but for the mounts in it', async () => {
    const { stdout } = await run('-v', 'bare:/etc:nocopy', image, 'ls', '/etc')
    expect(stdout).toBe('hostname\nhosts\nresolv.conf\n')
  })

  test('read-only from the start', async () => {
    const outcome = await run('-v', 'fixed:/etc:ro', image, 'sh', '-c', 'ls /etc/passwd; > /etc/x')
    expect(outcome.stdout).toBe('/etc/passwd\n')
    expect(outcome.stderr).toMatch(/Read-only file system/)
  })

  test('two first users at once', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 4 }, () => run('-v', 'shared:/etc', image, 'cat', '/etc/passwd')),
    )
    expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0])
  })

  test('a place that the image does not have', async () => {
    expect((await run('-v', 'fresh:/new/place', image, 'ls', '-A', '/new/place')).stdout).toBe('')
  })
})

describe('anonymous volumes', () => {
  test('go with --rm and with rm -v, and stay with rm', async () => {
    const before = volumes()
    await run('-v', '/data', image, 'true')
    expect(volumes()).toEqual(before)

    await lighter('create', '--name', 'holder', '-v', '/data', image)
    expect(volumes()).toHaveLength(before.length + 1)
    await lighter('rm', '-v', 'holder')
    expect(volumes()).toEqual(before)

    await lighter('create', '--name', 'holder', '-v', '/data', image)
    await lighter('rm', 'holder')
    expect(volumes()).toHaveLength(before.length + 1)
  })
})

test('a bind mount of the whole /dev', async () => {
  const outcome = await run('-v', '/dev:/dev', image, 'sh', '-c', 'test -c /dev/null && echo there')
  expect(outcome).toMatchObject({ exitCode: 0, stdout: 'there\n' })
})

test('the mounts below a source cannot be left out, which is said', async () => {
  const source = join(world.home, 'mounts')
  mkdirSync(join(source, 'below'), { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', 'below', join(source, 'below')])
  try {
    const mount = `type=bind,src=${source},dst=/m`
    expect((await run('--mount', mount, image, 'ls', '/m')).stdout).toBe('below\n')
    const without = await run('--mount', `${mount},bind-recursive=disabled`, image, 'true')
    expect(without.exitCode).toBe(125)
    expect(without.stderr).toContain('a user cannot leave out the mounts below it')
  } finally {
    execFileSync('umount', [join(source, 'below')])
  }
})

test('-v makes a missing source; where that cannot be, it says so', async () => {
  const source = join(world.home, 'made/deep')
  expect((await run('-v', `${source}:/x`, image, 'touch', '/x/y')).exitCode).toBe(0)
  expect(readdirSync(source)).toEqual(['y'])
  for (const place of ['/proc/nosuch/deep', '/etc/passwd/deep', '/root/deep']) {
    const refused = await run('-v', `${place}:/x`, image, 'true')
    expect(refused.stderr).toContain(`error while creating mount source path '${place}': mkdir`)
    expect(refused.exitCode).toBe(125)
  }
  const closed = await run('--mount', 'type=bind,source=/root/x,target=/x', image, 'true')
  expect(closed.stderr).toMatch(/stat \/root\/x: permission denied/)
  expect(closed.exitCode).toBe(125)
})

describe('options of the local driver', () => {
  const create = (name: string, type: string, device: string, o: string) =>
    lighter(
      'volume',
      'create',
      '-o',
      `type=${type}`,
      '-o',
      `device=${device}`,
      '-o',
      `o=${o}`,
      name,
    )

  test('a tmpfs is one for all containers that use it, and ends with the last', async () => {
    await create('memory', 'tmpfs', 'tmpfs', 'size=1m,uid=5,mode=750')
    const seen = await run('-v', 'memory:/x', image, 'sh', '-c', 'stat -c "%u %a" /x; df -k /x')
    expect(seen.stdout).toMatch(/^5 750\n[\s\S]*tmpfs +1024 /)
    const keep = (name: string) =>
      lighter(
        'run',
        '-d',
        '--name',
        name,
        '--network',
        'none',
        '-v',
        'memory:/m',
        image,
        'sleep',
        '100',
      )
    await Promise.all(['one', 'two', 'three'].map(keep))
    await lighter('exec', 'one', 'touch', '/m/file')
    expect((await lighter('exec', 'two', 'ls', '/m')).stdout).toBe('file\n')
    expect((await run('-v', 'memory:/a', '-v', 'memory:/b', image, 'ls', '/a', '/b')).stdout).toBe(
      '/a:\nfile\n\n/b:\nfile\n',
    )
    await lighter('rm', '-f', 'one', 'two')
    expect((await run('-v', 'memory:/x:ro', image, 'ls', '/x')).stdout).toBe('file\n')
    // Whoever has it is found, the directory of runtime files gone or not.
    rmSync(join(world.sockets, 'lenders'), { recursive: true, force: true })
    expect((await run('-v', 'memory:/x', image, 'ls', '/x')).stdout).toBe('file\n')
    await lighter('rm', '-f', 'three')
    expect((await run('-v', 'memory:/x', image, 'ls', '/x')).stdout).toBe('')
    await lighter('volume', 'rm', 'memory')
  })

  test('a restart policy does not keep what was in a tmpfs', async () => {
    await create('brief', 'tmpfs', 'tmpfs', 'size=1m')
    const script = 'ls /x | wc -l; touch /x/seen; exit 1'
    const flags = ['--network', 'none', '--restart', 'on-failure:1', '-v', 'brief:/x']
    await lighter('run', '-d', '--name', 'again', ...flags, image, 'sh', '-c', script)
    await lighter('wait', 'again')
    expect((await lighter('logs', 'again')).stdout).toBe('0\n0\n')
    await lighter('rm', 'again')
    await lighter('volume', 'rm', 'brief')
  })

  test('an overlay is shared, too', async () => {
    const [lower, upper, work] = ['l', 'u', 'w'].map((name) => join(world.home, 'over', name))
    await world.run('mkdir', ['-p', `${lower}/kept`, `${upper}`, `${work}`])
    await create(
      'over',
      'overlay',
      'overlay',
      `lowerdir=${lower},upperdir=${upper},workdir=${work}`,
    )
    const flags = ['--network', 'none', '-v', 'over:/x']
    await lighter(
      'run',
      '-d',
      '--name',
      'one',
      ...flags,
      image,
      'sh',
      '-c',
      'touch /x/new; sleep 100',
    )
    expect((await run('-v', 'over:/y', image, 'sh', '-c', 'ls /y; touch /y/more')).stdout).toBe(
      'kept\nnew\n',
    )
    expect((await lighter('exec', 'one', 'ls', '/x')).stdout).toBe('kept\nmore\nnew\n')
    expect(readdirSync(`${upper}`).sort()).toEqual(['more', 'new'])
    await lighter('rm', '-f', 'one')
    await lighter('volume', 'rm', 'over')
  })

  test.each([
    ['tmpfs', 'tmpfs', 'size=lots', 'data: size=lots: invalid argument'],
    ['overlay', 'overlay', 'lowerdir=/nosuch', 'data: lowerdir=/nosuch: '],
  ])('%s on %s with %s: the start says why', async (type, device, o, reason) => {
    await create('bad', type, device, o)
    const place = join(world.data, 'volumes/bad/_data')
    const outcome = await run('-v', 'bad:/x', image, 'true')
    expect(outcome.stderr).toContain(
      `error while mounting volume '${place}': failed to mount local volume: mount ${device}:${place}, ${reason}`,
    )
    expect(outcome.exitCode).toBe(125)
    await lighter('volume', 'rm', 'bad')
  })

  test.each([
    ['ext4', '/dev/sda1', 'ro', 'a volume of type "ext4" can be mounted by root of the host only'],
    [
      'nfs',
      ':/x',
      'addr=1.2.3.4',
      'a volume of type "nfs" can be mounted by root of the host only',
    ],
    ['none', '/tmp', 'ro', 'a volume of type "none" is a directory: it needs o=bind'],
    ['none', 'tmp', 'bind', 'the device of a bind must be an absolute path: "tmp"'],
    [
      'overlay',
      'overlay',
      'lowerdir=/a:b',
      'the lowerdir of an overlay must be an absolute path: "b"',
    ],
  ])('%s on %s with %s is refused when it is made', async (type, device, o, reason) => {
    const outcome = await create('never', type, device, o)
    expect(outcome.stderr).toContain(`create never: ${reason}`)
    expect(outcome.exitCode).toBe(1)
  })

  test('a bind gets its options, and the image’s content while it is empty', async () => {
    const source = join(world.home, 'bound')
    await world.run('mkdir', [source])
    await create('bound', 'none', source, 'bind')
    await run('-v', 'bound:/etc', image, 'true')
    expect(readdirSync(source)).toContain('passwd')
    await create('still', 'none', source, 'bind,ro,noexec,nosuid')
    const outcome = await run(
      '-v',
      'still:/x',
      image,
      'sh',
      '-c',
      'grep " /x " /proc/mounts; > /x/y',
    )
    expect(outcome.stdout).toMatch(/ ro,nosuid,noexec,/)
    expect(outcome.stderr).toMatch(/Read-only file system/)
    await run('-v', 'bound:/x', image, 'sh', '-c', 'rm -r /x/*')
    await lighter('volume', 'rm', 'bound', 'still')
  })
})

test('prune takes what no container has, and leaves what has options of the driver', async () => {
  await lighter('volume', 'create', 'idle')
  await lighter(
    'volume',
    'create',
    '-o',
    'type=none',
    '-o',
    'o=bind',
    '-o',
    'device=/tmp',
    'of-host',
  )
  const { stdout } = await lighter('volume', 'prune', '-af')
  expect(stdout).toMatch(/^idle$/m)
  expect(stdout).not.toContain('of-host')
  expect(volumes()).toEqual(['of-host'])
  await lighter('volume', 'rm', 'of-host')
})

test('a volume whose record was torn keeps its files', async () => {
  const write = 'echo kept > /v/f; chown 5:5 /v; chmod 700 /v'
  await run('-v', 'torn:/v', image, 'sh', '-c', write)
  await lighter('volume', 'create', 'empty')
  for (const name of ['torn', 'empty'])
    writeFileSync(join(world.data, 'volumes', name, 'volume.json'), '')
  expect((await run('-v', 'torn:/v', image, 'cat', '/v/f')).stdout).toBe('kept\n')
  expect((await lighter('volume', 'create', 'torn')).stdout).toBe('torn\n')
  expect((await lighter('volume', 'ls', '-q')).stdout).toBe('torn\n')
  expect((await lighter('volume', 'prune', '-f')).stdout).not.toContain('torn')
  expect(await lighter('volume', 'rm', 'torn')).toMatchObject({ exitCode: 0, stdout: 'torn\n' })
  // Without files it may have been another directory, or memory: nobody is given something else unasked.
  expect((await run('-v', 'empty:/v', image, 'true')).stderr).toContain('get empty: no such volume')
  expect((await lighter('volume', 'rm', '-f', 'empty')).exitCode).toBe(0)
  expect(volumes()).not.toContain('empty')
})

test('many who make, use and remove one volume at once', async () => {
  const outcomes = await Promise.all(
    Array.from({ length: 4 }, () => [
      lighter('volume', 'create', 'contended'),
      run('-v', 'contended:/x', image, 'true'),
      lighter('volume', 'rm', 'contended'),
    ]).flat(),
  )
  for (const { exitCode, stderr } of outcomes) {
    if (exitCode !== 0) expect(stderr).toMatch(/no such volume|volume is in use|no such file/)
  }
  expect((await lighter('volume', 'create', 'contended')).exitCode).toBe(0)
  expect((await lighter('volume', 'rm', 'contended')).exitCode).toBe(0)
})
