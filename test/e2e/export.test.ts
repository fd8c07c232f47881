import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox:latest`

let world: World
beforeAll(async () => {
  world = makeWorld('export')
  await world.lighter(['pull', '-q', image])
})
afterAll(() => world.remove())

/** `mode owner name` of each entry. */
const entriesOf = (archive: string): string[] =>
  execFileSync('tar', ['--numeric-owner', '-tvf', archive], { encoding: 'utf8' })
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^(\S+ \S+) +\S+ \S+ \S+ /, '$1 '))

const SCRIPT = [
  'echo x > /x && chown 5:6 /x && chmod 4750 /x && ln /x /y',
  'ln -s x /link && mkfifo /fifo',
  'mkdir -p /deep/dir && chown 1000:1000 /deep/dir',
  'rm /bin/ls /etc/from-second-layer',
].join(' && ')

describe.each(['overlay', 'fuse-overlayfs', 'copy'])('%s', (driver) => {
  const env = { LIGHTER_STORAGE_DRIVER: driver }
  const lighter = (...args: string[]) => world.lighter(args, { env })

  test('the whole root filesystem, without volumes', async () => {
    const name = `ended-${driver}`
    const volume = ['-v', '/data']
    await lighter(
      'run',
      '--name',
      name,
      ...volume,
      '--network',
      'none',
      image,
      'sh',
      '-c',
      `${SCRIPT} && touch /data/in`,
    )
    const archive = join(world.home, `${name}.tar`)
    expect(await lighter('export', '-o', archive, name)).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: '',
    })
    expect(statSync(archive).mode & 0o777).toBe(0o600)
    const entries = entriesOf(archive)
    expect(entries).toContain('-rwsr-x--- 5/6 x')
    expect(entries).toContain('lrwxrwxrwx 0/0 link -> x')
    expect(entries).toContain('prw-r--r-- 0/0 fifo')
    expect(entries).toContain('drwxr-xr-x 1000/1000 deep/dir/')
    expect(entries).toContain('drwxr-xr-x 1000/1000 home/app/')
    expect(entries).toContain('drwxr-xr-x 0/0 data/')
    expect(entries).toContain('-rw-r--r-- 0/0 etc/opaque/shown')
    expect(entries.join('\n')).not.toMatch(
      / data\/in$|etc\/opaque\/hidden|bin\/ls$|from-(first|second)-layer/m,
    )
    expect(entries.some((entry) => entry.startsWith('c'))).toBe(false)
    if (driver !== 'fuse-overlayfs') expect(entries).toContain('hrwsr-x--- 5/6 y link to x')
  })

  test('a running container, to standard output', async () => {
    const name = `running-${driver}`
    await lighter(
      'run',
      '-d',
      '--name',
      name,
      '--network',
      'none',
      image,
      'sh',
      '-c',
      'touch /made; sleep 60',
    )
    const outcome = await world.run('sh', ['-c', `${inject('program')} export ${name} > out.tar`], {
      env,
    })
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' })
    expect(entriesOf(join(world.home, 'out.tar'))).toContain('-rw-r--r-- 0/0 made')
    await lighter('rm', '-f', name)
  })

  test('one that was never started, which it does not start', async () => {
    await lighter('create', '--name', `new-${driver}`, image)
    const outcome = await world.run(
      'sh',
      ['-c', `${inject('program')} export new-${driver} > new.tar`],
      { env },
    )
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' })
    const entries = entriesOf(join(world.home, 'new.tar'))
    expect(entries).toContain('drwxr-xr-x 0/0 bin/')
    // As Docker, whose layer with these is there from the creation on.
    for (const name of [
      '.dockerenv',
      'dev/console',
      'etc/hostname',
      'etc/hosts',
      'etc/resolv.conf',
    ]) {
      expect(entries).toContain(`-rwxr-xr-x 0/0 ${name}`)
    }
    for (const name of ['dev/pts/', 'dev/shm/', 'proc/', 'sys/']) {
      expect(entries).toContain(`drwxr-xr-x 0/0 ${name}`)
    }
    expect(entries).toContain('lrwxrwxrwx 0/0 etc/mtab -> /proc/mounts')
    expect((await lighter('diff', `new-${driver}`)).stdout).toBe('')
    const { stdout } = await lighter('inspect', `new-${driver}`)
    expect(JSON.parse(stdout)[0].State.Status).toBe('created')
  })
})

test('two exports of the same files are the same bytes', async () => {
  await world.lighter(['create', '--name', 'twice', image])
  for (const name of ['one', 'two']) await world.lighter(['export', '-o', name, 'twice'])
  expect(readFileSync(join(world.home, 'one')).equals(readFileSync(join(world.home, 'two')))).toBe(
    true,
  )
})

test('where it cannot be written', async () => {
  const call = (...args: string[]) => world.lighter(['export', ...args])
  expect((await call('-o', '/nosuch/x', 'nosuch')).stderr).toBe(
    'failed to export container: invalid output path: directory "/nosuch" does not exist\n',
  )
  expect((await call('-o', '/dev/null', 'nosuch')).stderr).toBe(
    'failed to export container: invalid output path: "/dev/null" must be a directory or a regular file: got a device\n',
  )
  expect(await call('nosuch')).toMatchObject({
    exitCode: 1,
    stderr: 'Error response from daemon: No such container: nosuch\n',
  })
  await world.run('sh', ['-c', 'mkdir taken && touch file'])
  await world.lighter(['create', '--name', 'source', image])
  const taken = join(world.home, 'taken')
  // As written, with the words of Go: each with what Docker 26.1 says.
  const table: [string, RegExp][] = [
    ['.', /^rename \.\/\.docker_temp_\d+ \.: file exists\n$/],
    ['..', /^rename \.\/\.docker_temp_\d+ \.\.: file exists\n$/],
    ['taken', /^rename \.\/\.docker_temp_\d+ taken: file exists\n$/],
    ['taken/', /^rename taken\/\.docker_temp_\d+ taken\/: file exists\n$/],
    [taken, /^rename \/\S+\/\.docker_temp_\d+ \/\S+\/taken: file exists\n$/],
    ['taken/new/', /^open taken\/new\/\.docker_temp_\d+: no such file or directory\n$/],
    ['/proc/x', /^open \/proc\/\.docker_temp_\d+: no such file or directory\n$/],
    ['file/x', /^failed to export container: stat file\/x: not a directory\n$/],
    ['a/b', /^failed to export container: invalid output path: directory "a" does not exist\n$/],
  ]
  for (const [path, sentence] of table) {
    const { exitCode, stderr } = await call('-o', path, 'source')
    expect([path, exitCode]).toEqual([path, 1])
    expect(stderr).toMatch(sentence)
  }
  expect(readdirSync(world.home).filter((name) => name.startsWith('.docker_temp_'))).toEqual([])
  expect(readdirSync(taken)).toEqual([])
  writeFileSync(join(world.home, 'terminal.sh'), `exec ${inject('program')} export source\n`)
  const { stdout } = await world.run('script', ['-qec', 'sh terminal.sh', '/dev/null'])
  expect(stdout).toBe('cowardly refusing to save to a terminal. Use the -o flag or redirect\r\n')
})
