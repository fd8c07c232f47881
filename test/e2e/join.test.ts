import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox:latest`

let world: World
let id: string
const lighter = (...args: string[]) => world.lighter(args)
const run = (...args: string[]) => lighter('run', '--rm', ...args)
const out = async (...args: string[]) => (await lighter(...args)).stdout.trim()

beforeAll(async () => {
  world = makeWorld('join')
  await lighter('pull', '-q', image)
  await lighter(
    'run',
    '-d',
    '--name',
    'giver',
    '-h',
    'xhost',
    '--ipc',
    'shareable',
    image,
    'sleep',
    '600',
  )
  await lighter('create', '--name', 'still', image, 'sleep', '600')
  id = await out('inspect', '-f', '{{.Id}}', 'giver')
})
afterAll(() => world.remove())

describe('--network container:', () => {
  test('the same namespace and the same files', async () => {
    const script =
      'hostname; readlink /proc/self/ns/net; cat /etc/hosts /etc/hostname /etc/resolv.conf'
    const { stdout } = await run('--network', 'container:giver', image, 'sh', '-c', script)
    expect(stdout).toBe((await lighter('exec', 'giver', 'sh', '-c', script)).stdout)
    expect(stdout).toContain('xhost')
    const change = 'echo 192.0.2.1 new >> /etc/hosts'
    await run('--network', `container:${id.slice(0, 12)}`, image, 'sh', '-c', change)
    expect(await out('exec', 'giver', 'tail', '-n', '1', '/etc/hosts')).toBe('192.0.2.1 new')
  })

  test('inspect and ps', async () => {
    await lighter(
      'run',
      '-d',
      '--name',
      'taker',
      '--network',
      'container:giver',
      image,
      'sleep',
      '600',
    )
    const format = '{{.HostConfig.NetworkMode}} {{.Config.Hostname}} {{.HostsPath}}'
    const [mode, hostname, hosts] = (await out('inspect', '-f', format, 'taker')).split(' ')
    expect([mode, hostname]).toEqual([`container:${id}`, 'xhost'])
    expect(hosts).toContain(`/containers/${id}/hosts`)
    expect(await out('inspect', '-f', '{{json .NetworkSettings.Networks}}', 'taker')).toBe('{}')
    expect(await out('ps', '--filter', 'name=taker', '--format', '[{{.Networks}}]')).toBe('[]')
    await lighter('rm', '-f', 'taker')
  })

  test.each([
    ['-h foo', 'hostname and the network mode'],
    ['--dns 192.0.2.1', 'dns and the network mode'],
    ['--add-host a:192.0.2.1', 'custom host-to-IP mapping and the network mode'],
    ['-p 80:80', 'port publishing and the container type network mode'],
    ['-P', 'port publishing and the container type network mode'],
    ['--expose 80', 'port exposing and the container type network mode'],
  ])('%s conflicts with it', async (flags, reason) => {
    const { stderr, exitCode } = await run(
      '--network',
      'container:giver',
      ...flags.split(' '),
      image,
      'true',
    )
    expect([exitCode, stderr]).toEqual([
      125,
      expect.stringContaining(`conflicting options: ${reason}.`),
    ])
  })

  test('a donor that does not run, or is gone', async () => {
    const refused = await run('--network', 'container:still', image, 'true')
    expect(refused.exitCode).toBe(125)
    expect(refused.stderr).toMatch(
      /Error response from daemon: cannot join network of a non running container: [0-9a-f]{64}\./,
    )
    expect((await lighter('create', '--network', 'container:nosuch', image)).exitCode).toBe(0)
    expect((await run('--network', 'container:nosuch', image, 'true')).stderr).toContain(
      'Error response from daemon: No such container: nosuch.',
    )
  })
})

describe('--ipc', () => {
  test('container: shares /dev/shm and its size', async () => {
    await lighter('exec', 'giver', 'sh', '-c', 'echo hi > /dev/shm/file')
    const script = 'cat /dev/shm/file; df -k /dev/shm | tail -n 1; echo back > /dev/shm/file'
    const { stdout } = await run(
      '--ipc',
      'container:giver',
      '--shm-size',
      '1m',
      image,
      'sh',
      '-c',
      script,
    )
    expect(stdout).toMatch(/^hi\nshm\s+65536 /)
    expect(await out('exec', 'giver', 'cat', '/dev/shm/file')).toBe('back')
  })

  test('container: the process asks for what it shares before the one that made it has ended', async ({
    skip,
  }) => {
    const trace = ['-f', '-qq', '-o', '/dev/null', '-e', 'trace=clone3']
    const tracing = await world.run('strace', [...trace, 'true'])
    skip(tracing.exitCode !== 0, `strace: ${tracing.stderr}`)
    await lighter('exec', 'giver', 'sh', '-c', 'echo early > /dev/shm/file')
    // Who has made a process hears of it 0.3 s later.
    const late = ['-e', 'inject=clone3:delay_exit=300000', inject('program')]
    const join = ['--ipc', 'container:giver', image, 'cat', '/dev/shm/file']
    expect(await world.run('strace', [...trace, ...late, 'run', '--rm', ...join])).toEqual({
      exitCode: 0,
      stdout: 'early\n',
      stderr: '',
    })
  })

  test('private: nobody else joins; none: no /dev/shm', async () => {
    await lighter('run', '-d', '--name', 'alone', image, 'sleep', '600')
    expect((await run('--ipc', 'container:alone', image, 'true')).stderr).toMatch(
      /container [0-9a-f]{64}: non-shareable IPC \(hint: use IpcMode:shareable/,
    )
    expect((await run('--ipc', 'none', image, 'ls', '/dev/shm')).exitCode).not.toBe(0)
    await lighter('rm', '-f', 'alone')
  })

  test('a link of the other container does not lead elsewhere', async () => {
    const script = 'umount /dev/shm && rmdir /dev/shm && ln -s /etc /dev/shm && sleep 600'
    await lighter(
      'run',
      '-d',
      '--privileged',
      '--name',
      'liar',
      '--ipc',
      'shareable',
      image,
      'sh',
      '-c',
      script,
    )
    await expect.poll(() => out('exec', 'liar', 'readlink', '/dev/shm')).toBe('/etc')
    const { stderr, exitCode } = await run('--ipc', 'container:liar', image, 'ls', '/dev/shm')
    expect([exitCode, stderr]).toEqual([125, expect.stringContaining('cannot share /dev/shm')])
    await lighter('rm', '-f', 'liar')
  })
})

test('a donor that was started anew: its namespaces of now are joined, by a restart policy too', async () => {
  const flags = ['--restart', 'on-failure:2', '--network', 'container:donor']
  const network = (name: string) => out('exec', name, 'readlink', '/proc/self/ns/net')
  await lighter('run', '-d', '--name', 'donor', image, 'sleep', '600')
  const script = 'trap "exit 7" TERM; sleep 600 & wait'
  await lighter('run', '-d', '--name', 'joiner', ...flags, image, 'sh', '-c', script)
  await lighter('restart', '-t', '0', 'donor')
  await lighter('exec', 'joiner', 'kill', '1')
  const state = (format: string) => out('inspect', '-f', format, 'joiner')
  await expect.poll(() => state('{{.State.Status}} {{.RestartCount}}')).toBe('running 1')
  expect(await network('joiner')).toBe(await network('donor'))
  await lighter('stop', '-t', '0', 'donor')
  await lighter('exec', 'joiner', 'kill', '1')
  await expect.poll(() => state('{{.State.Status}}')).toBe('exited')
  expect(await state('{{.State.Error}}')).toMatch(
    /^cannot join network of a non running container: /,
  )
  await lighter('rm', '-f', 'donor')
  expect((await lighter('start', 'joiner')).stderr).toMatch(/No such container: [0-9a-f]{64}/)
  await lighter('rm', '-f', 'joiner')
})

test('who joins a container with other ids has them, too', async () => {
  await lighter('run', '-d', '--name', 'kept', '--userns', 'keep-id', image, 'sleep', '600')
  const script = 'stat -c %u /bin/busybox /etc/mtab; id -u'
  const uid = (await world.run('id', ['-u'])).stdout.trim()
  const join = ['--network', 'container:kept']
  expect((await run(...join, image, 'sh', '-c', script)).stdout.trim()).toBe(`0\n0\n${uid}`)
  expect((await run(...join, '--userns', 'nomap', image, 'true')).stderr).toContain(
    'conflicting options',
  )
  await lighter('rm', '-f', 'kept')
})
