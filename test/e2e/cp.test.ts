import { execFileSync } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { makeArchive } from '../fixtures/archive.ts'
import { PACKED } from '../helpers/packed.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox:latest`

let world: World
let place: string
const drivers = ['overlay', 'fuse-overlayfs', 'copy'] as const
const lighter = (...args: string[]) => world.lighter(args, { cwd: place })
const SCRIPT =
  'mkdir /src && echo a > /src/a && chown 5:6 /src/a && chmod 4755 /src/a && ln -s a /src/link && ln -s /src /to-src'

/** As the world's user, who owns everything in its home. */
const asUser = (script: string) => world.run('sh', ['-c', script], { cwd: place })
const outcomeOf = async (...args: string[]) => {
  const { exitCode, stderr } = await lighter('cp', ...args)
  return `${exitCode} ${stderr}`.trim()
}
const inside = async (container: string, path: string) => {
  const archive = await asUser(
    `${inject('program')} cp ${container}:${path} - | tar --numeric-owner -tvf -`,
  )
  return archive.stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^(\S+ \S+) +\S+ \S+ \S+ /, '$1 '))
}

beforeAll(async () => {
  world = makeWorld('cp')
  await world.lighter(['pull', '-q', image])
  place = world.home
  for (const driver of drivers) {
    const env = { LIGHTER_STORAGE_DRIVER: driver }
    await world.lighter(['run', '--name', driver, '--network', 'none', image, 'sh', '-c', SCRIPT], {
      env,
    })
  }
  const loop = `${SCRIPT}; sleep 1000`
  await world.lighter([
    'run',
    '-d',
    '--name',
    'running',
    '--network',
    'none',
    '-v',
    'data:/data',
    '--tmpfs',
    '/scratch',
    image,
    'sh',
    '-c',
    loop,
  ])
})
let count = 0
beforeEach(async () => {
  count += 1
  place = world.home
  const made = join(world.home, `place-${count}`)
  await asUser(
    `umask 022; mkdir ${made} && cd ${made} && mkdir dir && echo 1 > dir/one && echo f > file && ln -s file link && ln -s dir dirlink`,
  )
  place = made
})
afterAll(() => world.remove())

describe.each([...drivers, 'running'])('%s', (container) => {
  test('out of it, by the rules of the names', async () => {
    expect(await outcomeOf(`${container}:/src/a`, '.')).toBe('0')
    expect(readFileSync(join(place, 'a'), 'utf8')).toBe('a\n')
    expect(await outcomeOf(`${container}:/src/a`, 'renamed')).toBe('0')
    expect(await outcomeOf(`${container}:/src`, 'fresh')).toBe('0')
    expect(await outcomeOf(`${container}:/src`, 'dir')).toBe('0')
    expect(await outcomeOf(`${container}:/src/.`, 'dir')).toBe('0')
    expect(await outcomeOf(`${container}:/to-src/`, 'dir')).toBe('0')
    for (const path of ['renamed', 'fresh/a', 'dir/src/a', 'dir/a', 'dir/to-src/a'])
      expect(readFileSync(join(place, path), 'utf8')).toBe('a\n')
    expect(readlinkSync(join(place, 'fresh/link'))).toBe('a')
    expect(await outcomeOf('-L', `${container}:/src/link`, 'followed')).toBe('0')
    expect(lstatSync(join(place, 'followed')).isFile()).toBe(true)
    const { uid, mode } = statSync(join(place, 'a'))
    expect([uid, mode & 0o7777]).toEqual([world.ids.uid, 0o755])
  })

  test('into it, by the rules of the names; its root owns what comes', async () => {
    const target = `/in-${count}`
    expect(await outcomeOf('dir', `${container}:${target}`)).toBe('0')
    expect(await outcomeOf('dir', `${container}:${target}`)).toBe('0')
    expect(await outcomeOf('file', `${container}:${target}/renamed`)).toBe('0')
    expect(await outcomeOf('link', `${container}:${target}/`)).toBe('0')
    expect(await outcomeOf('-L', 'link', `${container}:${target}/followed`)).toBe('0')
    expect(await outcomeOf('-a', 'file', `${container}:${target}/kept`)).toBe('0')
    const name = target.slice(1)
    const { uid, gid } = world.ids
    expect(await inside(container, target)).toEqual([
      `drwxr-xr-x 0/0 ${name}/`,
      `drwxr-xr-x 0/0 ${name}/dir/`,
      `-rw-r--r-- 0/0 ${name}/dir/one`,
      `-rw-r--r-- 0/0 ${name}/followed`,
      `-rw-r--r-- ${uid}/${gid} ${name}/kept`,
      `lrwxrwxrwx 0/0 ${name}/link -> file`,
      `-rw-r--r-- 0/0 ${name}/one`.replace('/one', '/one'),
      `-rw-r--r-- 0/0 ${name}/renamed`,
    ])
  })

  test('refusals are those of Docker', async () => {
    const daemon = '1 Error response from daemon:'
    const table: [string[], string][] = [
      [[`${container}:/src/a/`, '.'], `${daemon} lstat /src/a/: not a directory`],
      [
        [`${container}:/nosuch`, '.'],
        `${daemon} Could not find the file /nosuch in container ${container}`,
      ],
      [[`${container}:/src/a`, 'nosuch/'], '1 no such directory'],
      [
        [`${container}:/src/a`, 'nosuch/x'],
        `1 invalid output path: directory "${place}/nosuch" does not exist`,
      ],
      [[`${container}:/src/a`, 'file/'], `1 stat ${place}/file/: not a directory`],
      [[`${container}:/src`, 'file'], '1 cannot copy directory'],
      [
        [`${container}:/src/a`, '/dev/null'],
        '1 invalid output path: "/dev/null" must be a directory or a regular file: got a device',
      ],
      [['file', `${container}:`], '1 no such directory'],
      [['file', `${container}:/nosuch/`], '1 no such directory'],
      [
        ['file', `${container}:/nosuch/x`],
        `${daemon} Could not find the file /nosuch in container ${container}`,
      ],
      [['file', `${container}:/src/a/x`], `${daemon} extraction point is not a directory`],
      [['dir', `${container}:/src/a`], '1 cannot copy directory'],
      [['-', `${container}:/src/a`], `1 destination "${container}:/src/a" must be a directory`],
      ...['hosts', 'hostname', 'resolv.conf'].map((name): [string[], string] => [
        ['file', `${container}:/etc/${name}`],
        `${daemon} unlinkat /etc/${name}: device or resource busy`,
      ]),
      [['nosuch', `${container}:/`], `1 lstat ${place}/nosuch: no such file or directory`],
    ]
    for (const [args, expected] of table) expect(await outcomeOf(...args)).toBe(expected)
    mkdirSync(join(place, 'dir/a'))
    expect(await outcomeOf(`${container}:/src/a`, 'dir')).toBe(
      `1 cannot overwrite directory "${place}/dir/a" with non-directory "${place}/dir"`,
    )
  })
})

test('archives on standard input and output', async () => {
  const archive = makeArchive([{ path: 'given', data: 'x', uid: 7, gid: 8 }])
  writeFileSync(join(place, 'in.tar'), archive)
  const program = inject('program')
  expect((await asUser(`${program} cp - overlay:/home < in.tar`)).exitCode).toBe(0)
  expect(await inside('overlay', '/home/given')).toEqual(['-rw-r--r-- 7/8 given'])
  expect((await asUser(`gzip -c in.tar | ${program} cp - overlay:/home`)).exitCode).toBe(0)
  expect((await asUser(`${program} cp - overlay:/home < /dev/null`)).exitCode).toBe(0)
  // Docker's command line ends a context with a Dockerfile from elsewhere so: behind the last byte of the last file.
  const cut = (bytes: number) => asUser(`head -c ${bytes} in.tar | ${program} cp - overlay:/home`)
  expect((await cut(513)).exitCode).toBe(0)
  expect((await cut(512)).stderr).toBe('Error response from daemon: unexpected EOF\n')
  const garbage = await asUser(`echo garbage | ${program} cp - overlay:/home`)
  expect(garbage).toMatchObject({
    exitCode: 1,
    stderr: 'Error response from daemon: unexpected EOF\n',
  })
})

test.each(PACKED)('an archive compressed with %s on standard input', async (name, pack) => {
  const packed = pack(makeArchive([{ path: `by-${name}`, data: name, uid: 7, gid: 8 }]))
  writeFileSync(join(place, 'in'), packed)
  const into = `${inject('program')} cp - overlay:/home`
  const done = { exitCode: 0, stdout: '', stderr: '' }
  // What comes through a pipe cannot be looked at before it is read.
  expect(await asUser(`cat in | ${into}`)).toEqual(done)
  expect(await inside('overlay', `/home/by-${name}`)).toEqual([`-rw-r--r-- 7/8 by-${name}`])
  expect(await asUser(`${into} <in`)).toEqual(done)
  expect(await asUser(`head -c ${packed.length - 30} in | ${into}`)).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: 'Error response from daemon: unexpected EOF\n',
  })
})

test('a directory as standard input is no archive', async () => {
  const { exitCode, stderr } = await asUser(`${inject('program')} cp - running:/tmp </`)
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: expect.stringMatching(/Is a directory\n$/),
  })
})

test('volumes and mounts, running or stopped', async () => {
  expect(await outcomeOf('file', 'running:/data/')).toBe('0')
  expect(await outcomeOf('file', 'running:/scratch/')).toBe('0')
  expect((await lighter('exec', 'running', 'cat', '/data/file', '/scratch/file')).stdout).toBe(
    'f\nf\n',
  )
  await lighter('create', '--name', 'other', '-v', 'data:/data', image)
  expect(await outcomeOf('other:/data/file', 'back')).toBe('0')
  expect(await outcomeOf('dir', 'other:/data/')).toBe('0')
  expect((await lighter('exec', 'running', 'cat', '/data/dir/one')).stdout).toBe('1\n')
  await lighter('create', '--name', 'closed', '--read-only', '-v', 'data:/data:ro', image)
  expect(await outcomeOf('file', 'closed:/')).toBe(
    '1 Error response from daemon: container rootfs is marked read-only',
  )
  expect(await outcomeOf('file', 'closed:/data')).toBe(
    '1 Error response from daemon: mounted volume is marked read-only',
  )
})

test('hosts, hostname and resolv.conf are those that a started container has', async () => {
  await lighter('run', '--name', 'named', '--hostname', 'me', image, 'true')
  expect(await outcomeOf('named:/etc/hostname', 'got')).toBe('0')
  expect(readFileSync(join(place, 'got'), 'utf8')).toBe('me\n')
  await lighter('create', '--name', 'fresh', image, 'cat', '/etc/hosts')
  expect(await outcomeOf('file', 'fresh:/etc/hosts')).toBe('0')
  expect((await lighter('start', '-a', 'fresh')).stdout).toContain('localhost')
  await lighter('run', '--name', 'own', '-v', `${join(place, 'dir')}:/etc/hosts`, image, 'true')
  expect(await outcomeOf('own:/etc/hosts/one', 'one')).toBe('0')
})

test('a mount below another one is seen, whatever the order of the command line', async () => {
  const [above, below] = [join(place, 'above'), join(place, 'dir')]
  await asUser(`mkdir -p ${above}/below`)
  const binds = ['-v', `${below}:/above/below`, '-v', `${above}:/above`]
  await lighter('run', '--name', 'nested', ...binds, image, 'true')
  expect(await outcomeOf('nested:/above/below/one', 'seen')).toBe('0')
})

test('the tmpfs of a read-only container takes files while it is there', async () => {
  const options = ['-d', '--name', 'sealed', '--read-only', '--tmpfs', '/scratch']
  await lighter('run', ...options, image, 'sleep', '1000')
  expect(await outcomeOf('file', 'sealed:/scratch/')).toBe('0')
  await lighter('stop', '-t', '0', 'sealed')
  expect(await outcomeOf('file', 'sealed:/scratch/')).toBe(
    '1 Error response from daemon: container rootfs is marked read-only',
  )
})

test('what the kernel refuses in a container is told with its whole path', async () => {
  expect(await outcomeOf('file', 'running:/proc/new')).toBe(
    '1 Error response from daemon: create /proc/new: no such file or directory',
  )
})

test('command lines that name no or two containers', async () => {
  expect(await outcomeOf('a', 'b')).toBe('1 must specify at least one container source')
  expect(await outcomeOf('a:/x', 'b:/y')).toBe('1 copying between containers is not supported')
  expect(await outcomeOf('', 'b:/y')).toBe('1 source can not be empty')
  expect(await outcomeOf('running:', 'whole')).toBe(
    '1 Error response from daemon: bad parameter: pathcannot be empty',
  )
  expect(await outcomeOf('nosuch:/x', '.')).toBe(
    '1 Error response from daemon: No such container: nosuch',
  )
  expect(await outcomeOf('./a:b', 'running:/nosuch/')).toMatch(/lstat .*\/a:b: no such file/)
})

test('links of a container lead nowhere but into it', async () => {
  const outside = join(world.home, 'outside')
  await asUser(`mkdir -p ${outside} && echo secret > ${outside}/file`)
  const script = `ln -s ${outside} /evil; ln -s ../../../../..${outside} /up; ln -s ${outside}/file /evil-file`
  await lighter('exec', 'running', 'sh', '-c', script)
  for (const link of ['evil', 'up']) {
    expect(await outcomeOf(`running:/${link}/file`, 'stolen')).toMatch(/Could not find the file/)
    expect(await outcomeOf('file', `running:/${link}/planted`)).toMatch(/^1 /)
  }
  expect(await outcomeOf('-L', 'running:/evil-file', 'stolen')).toMatch(/Could not find the file/)
  expect(existsSync(join(outside, 'planted'))).toBe(false)
  expect(existsSync(join(place, 'stolen'))).toBe(false)
})

test('a copied tree does not write through a link on the host', async () => {
  const outside = join(world.home, 'beside')
  await asUser(`mkdir ${outside} && mkdir target`)
  symlinkSync(outside, join(place, 'target/src'))
  expect(await outcomeOf('running:/src', 'target')).toBe(
    `1 cannot overwrite non-directory "${place}/target/src" with directory "${place}/target"`,
  )
  expect(existsSync(join(outside, 'a'))).toBe(false)
})

test('an archive cannot lead out of its directory', async () => {
  for (const path of ['../escaped', 'a/../../escaped']) {
    writeFileSync(join(place, 'evil.tar'), makeArchive([{ path, data: 'x' }]))
    const { stderr, exitCode } = await asUser(`${inject('program')} cp - overlay:/home < evil.tar`)
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/leads out of the destination/)])
  }
})

test('a container that swaps a directory for a link while it is copied', async () => {
  const outside = join(world.home, 'raced')
  await asUser(`mkdir ${outside} && echo secret > ${outside}/canary`)
  const swap = `mkdir -p /race/x && touch /race/x/own && while :; do mv /race/x /race/y; ln -s ${outside} /race/x; rm /race/x; mv /race/y /race/x; done`
  await lighter('exec', '-d', 'running', 'sh', '-c', swap)
  for (let round = 0; round < 12; round++) {
    await lighter('cp', 'running:/race/x/', `got-${round}`)
    expect(existsSync(join(place, `got-${round}/canary`))).toBe(false)
    await lighter('cp', 'file', 'running:/race/x/planted')
    expect(existsSync(join(outside, 'planted'))).toBe(false)
  }
})

test('devices stay behind', async () => {
  expect(await outcomeOf('running:/dev', 'devices')).toBe('0')
  const kinds = execFileSync('find', [join(place, 'devices'), '-type', 'c', '-o', '-type', 'b'], {
    encoding: 'utf8',
  })
  expect(kinds).toBe('')
})

test('on a terminal it says how much', async () => {
  writeFileSync(join(place, 'go.sh'), `exec ${inject('program')} cp running:/src/a got\n`)
  const { stdout } = await world.run('script', ['-qec', 'sh go.sh', '/dev/null'], { cwd: place })
  expect(stdout).toContain('Copying from container - 0B')
  expect(stdout).toMatch(/Successfully copied 2.05kB to .*\/got\r\n$/)
})
