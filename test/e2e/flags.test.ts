import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox:latest`

/** What is put into every container. */
const MADE = '/.dockerenv /etc/mtab /etc/hosts /etc/hostname /etc/resolv.conf'
const ROOTS = '0:0\n0:0\n0:0\n0:0\n0:0'

let world: World
const lighter = (...args: string[]) => world.lighter(args)
const run = (...args: string[]) => lighter('run', '--rm', '--network', 'none', ...args)
const inside = async (flags: string[], script: string) =>
  (await run(...flags, image, 'sh', '-c', script)).stdout.trim()

beforeAll(async () => {
  world = makeWorld('flags')
  await lighter('pull', '-q', image)
})
afterAll(() => world.remove())

describe('what Docker refuses is refused in its words', () => {
  test.each([
    ['-m 5x', 125, 'invalid argument "5x" for "-m, --memory" flag: invalid size: \'5x\''],
    ['-m 5m', 1, 'Minimum memory limit allowed is 6MB'],
    ['-m 10m --memory-swap 5m', 1, 'Minimum memoryswap limit should be larger than memory limit'],
    ['--memory-swap 50m', 1, 'You should always set the Memory limit when using Memoryswap limit'],
    ['--cpus abc', 125, 'failed to parse abc as a rational number'],
    ['--cpus 1.0000000001', 125, 'value is too precise'],
    ['--cpus 1 --cpu-quota 5000', 1, 'Nano CPUs and CPU Quota cannot both be set'],
    ['--blkio-weight 70000', 125, 'strconv.ParseUint: parsing "70000": value out of range'],
    [
      '--ulimit nofile=9:8',
      125,
      'ulimit soft limit must be less than or equal to hard limit: 9 > 8',
    ],
    ['--sysctl kernel.hostname=x', 125, "sysctl 'kernel.hostname=x' is not allowed"],
    ['--pid foo', 125, '--pid: invalid PID mode.'],
    ['--ipc foo', 1, 'invalid IPC mode: foo'],
    ['--pid container:nosuch', 1, 'Error response from daemon: No such container: nosuch'],
    ['--uts host -h foo', 1, 'conflicting options: hostname and the UTS mode'],
    ['--cpu-count 1', 1, '"--cpu-count" is only supported on a Docker daemon running on windows'],
    ['--isolation hyperv', 1, 'Invalid isolation: "hyperv" - linux only supports \'default\''],
    [
      '--storage-opt size=1g',
      1,
      "--storage-opt is supported only for overlay over xfs with 'pquota'",
    ],
    ['-p 99999', 125, 'Invalid containerPort: 99999.'],
    ['-p 80:80/foo', 125, 'Invalid proto: foo.'],
    ['--ip 1.2.3.4', 1, '* user specified IP address is supported on user defined networks only'],
    ['--dns foo', 125, 'IP address is not correctly formatted: foo'],
    ['--add-host foo', 125, 'bad format for add-host: "foo"'],
    ['--device foo', 125, 'foo is not an absolute path.'],
    ['--gpus count=x', 125, 'count must be an integer: strconv.Atoi: parsing "x": invalid syntax'],
    ['--volumes-from nosuch', 1, 'No such container: nosuch'],
    ['--mount type=bind,src=/tmp,dst=/x,bind-recursive=foo', 125, '(must be "enabled", "disabled"'],
    ['--mount type=volume,src=ab,dst=/x,volume-subpath=../a', 1, 'subpath must be a relative path'],
    [
      '--mount type=volume,dst=/x,volume-subpath=a',
      1,
      'must not set Subpath when using anonymous volumes',
    ],
    [
      '--mount type=image,src=a,dst=/x',
      1,
      'invalid mount config for type "image": mount type unknown',
    ],
  ])('create %s', async (flags, code, sentence) => {
    const outcome = await lighter('create', ...flags.split(' '), image, 'true')
    expect(outcome.stderr).toContain(sentence)
    expect(outcome).toMatchObject({ exitCode: code, stdout: '' })
  })

  test('nothing was made of it', async () => {
    expect((await lighter('ps', '-aq')).stdout).toBe('')
  })
})

describe('namespaces', () => {
  test('those of the host', async () => {
    const own = (await world.run('hostname', [])).stdout.trim()
    expect(await inside(['--uts', 'host'], 'hostname')).toBe(own)
    const processes = (await world.run('readlink', ['/proc/self/ns/pid'])).stdout.trim()
    expect(await inside(['--pid', 'host'], 'readlink /proc/self/ns/pid')).toBe(processes)
    const readlink = `readlink /proc/self/ns/ipc`
    expect(await inside(['--ipc', 'host'], readlink)).not.toBe(await inside([], readlink))
  })

  test('those of another container', async () => {
    await lighter(
      'run',
      '-d',
      '--network',
      'none',
      '--ipc',
      'shareable',
      '--name',
      'donor',
      image,
      'sleep',
      '60',
    )
    expect(await inside(['--pid', 'container:donor'], 'ps | grep -c "[s]leep 60"')).toBe('1')
    const private_ = await run('--ipc', 'container:donor', image, 'readlink', '/proc/self/ns/ipc')
    const donor = await lighter('exec', 'donor', 'readlink', '/proc/self/ns/ipc')
    expect(private_.stdout).toBe(donor.stdout)
    await lighter('rm', '-f', 'donor')
    expect((await run('--pid', 'container:donor', image, 'true')).exitCode).toBe(125)
  })
})

describe('--userns', () => {
  test('keep-id: the caller keeps the id, the files their owners', async () => {
    const shared = join(world.home, 'shared')
    const { stdout: uid } = await world.run('id', ['-u'])
    await world.run('sh', ['-c', `mkdir ${shared} && echo mine > ${shared}/file`])
    const flags = ['--userns', 'keep-id', '-v', `${shared}:/shared`]
    expect(await inside(flags, 'id -u; stat -c %u /bin/busybox /shared/file')).toBe(
      `${uid.trim()}\n0\n${uid.trim()}`,
    )
    expect(await inside(['-u', '0', ...flags], '> /root-made; stat -c %u /root-made')).toBe('0')
  })

  test('keep-id with other ids', async () => {
    expect(await inside(['--userns', 'keep-id:uid=7,gid=8'], 'id -u; id -g')).toBe('7\n8')
  })

  test('keep-id: the user has a name, the files that are made belong to root', async () => {
    const { stdout: name } = await world.run('id', ['-un'])
    const flags = ['--userns', 'keep-id', '-w', '/tmp']
    expect(await inside(flags, 'id -un; id -gn; echo $HOME')).toBe(
      `${name.trim()}\n${name.trim()}\n/tmp`,
    )
    expect(await inside(flags, `stat -c %u:%g ${MADE}`)).toBe(ROOTS)
  })

  test('keep-id: nobody is left on the one processor of the start', async () => {
    await lighter('run', '-d', '--name', 'spread', '--userns', 'keep-id', image, 'sleep', '60')
    const { stdout: pid } = await lighter('inspect', '-f', '{{.State.Pid}}', 'spread')
    const { stdout } = await world.run('sh', [
      '-c',
      `monitor=$(cut -d ' ' -f 4 /proc/${pid.trim()}/stat)
       for pid in $$ ${pid.trim()} $monitor $(pgrep -P $monitor -x fuse-overlayfs); do
         grep -h Cpus_allowed: /proc/$pid/task/*/status
       done | uniq -c`,
    ])
    // This shell, the process, its monitor and what serves its files: all the same.
    expect(stdout).toMatch(/^ *4 Cpus_allowed:\s\S+\n$/)
    await lighter('rm', '-f', 'spread')
  })

  test("nomap: files of the image and of volumes belong to root, the caller's to nobody", async () => {
    const shared = join(world.home, 'nomap')
    await world.run('sh', ['-c', `mkdir ${shared} && echo mine > ${shared}/file`])
    const flags = ['--userns', 'nomap', '-v', `${shared}:/shared`, '-v', '/volume']
    expect(await inside(flags, `stat -c %u:%g ${MADE}`)).toBe(ROOTS)
    expect(await inside(flags, 'stat -c %u /bin/busybox /volume /shared/file; id -u')).toBe(
      '0\n0\n65534\n0',
    )
    expect(await inside(flags, 'echo x > /shared/file || echo refused; cat /shared/file')).toBe(
      'refused\nmine',
    )
  })

  test.each(['keep-id', 'nomap'])(
    '%s: what is written outlives a stop, leaves by cp, export, commit',
    async (mode) => {
      await lighter('run', '-d', '--name', 'kept', '--userns', mode, image, 'sleep', '60')
      const script = 'echo a > /etc/a; chown 5:6 /etc/a; echo r > /etc/r; chmod 4755 /etc/r'
      const show = ['stat', '-c', '%u:%g:%a', '/etc/a', '/etc/r']
      const owners = '5:6:644\n0:0:4755\n'
      await lighter('exec', '-u', '0', 'kept', 'sh', '-c', script)
      expect((await lighter('exec', 'kept', ...show)).stdout).toBe(owners)
      await lighter('stop', '-t', '0', 'kept')
      expect((await lighter('diff', 'kept')).stdout).toContain('A /etc/a')
      const out = join(world.home, `kept-${mode}`)
      expect((await lighter('cp', 'kept:/etc/a', out)).exitCode).toBe(0)
      expect((await world.run('cat', [out])).stdout).toBe('a\n')
      await lighter('commit', 'kept', 'kept:image')
      expect((await run('kept:image', ...show)).stdout).toBe(owners)
      await lighter('start', 'kept')
      expect((await lighter('exec', 'kept', ...show)).stdout).toBe(owners)
      await lighter('rm', '-f', 'kept')
      await lighter('rmi', 'kept:image')
    },
  )
})

test('limits of processes, names, devices, kernel settings', async () => {
  const flags = ['--ulimit', 'nofile=99:100', '--oom-score-adj', '7', '--shm-size', '1m']
  const script =
    "ulimit -Sn; ulimit -Hn; cat /proc/self/oom_score_adj; df -k /dev/shm | awk 'NR==2{print $2}'"
  expect(await inside(flags, script)).toBe('99\n100\n7\n1024')
  expect(await inside(['--sysctl', 'kernel.shmmax=4096'], 'cat /proc/sys/kernel/shmmax')).toBe(
    '4096',
  )
  expect(
    await inside(
      ['--device', '/dev/null:/dev/other'],
      'echo x > /dev/other; stat -c %t:%T /dev/other',
    ),
  ).toBe('1:3')
  const names = [
    '--dns',
    '1.2.3.4',
    '--dns-search',
    'd.e',
    '--add-host',
    'box:5.6.7.8',
    '-h',
    'h',
    '--domainname',
    'd.e',
  ]
  const seen = await inside(
    names,
    'cat /etc/resolv.conf /etc/hosts; cat /proc/sys/kernel/domainname',
  )
  expect(seen).toMatch(/^nameserver 1\.2\.3\.4\nsearch d\.e$/m)
  expect(seen).toMatch(/^5\.6\.7\.8\tbox$/m)
  expect(seen).toMatch(/d\.e$/)
})

describe('mounts', () => {
  test('of another container', async () => {
    await lighter('create', '--name', 'giver', '-v', '/given', image, 'true')
    expect(await inside(['--volumes-from', 'giver'], 'echo a > /given/a; cat /given/a')).toBe('a')
    const again = await run(
      '--volumes-from',
      'giver:ro',
      image,
      'sh',
      '-c',
      'cat /given/a; > /given/b',
    )
    expect(again.stdout).toBe('a\n')
    expect(again.stderr).toMatch(/Read-only file system/)
    await lighter('rm', '-v', 'giver')
  })

  test('a directory of a volume, whose links lead nowhere else', async () => {
    await run('-v', 'vol:/v', image, 'sh', '-c', 'mkdir /v/a; ln -s /etc /v/out; echo in > /v/a/f')
    const mount = (path: string) => `type=volume,src=vol,dst=/x,volume-subpath=${path}`
    expect(await inside(['--mount', mount('a')], 'cat /x/f')).toBe('in')
    const out = await run('--mount', mount('out'), image, 'ls', '/x')
    expect(out.exitCode).toBe(127)
    expect(out.stderr).toContain('cannot access path')
  })
})

describe('update', () => {
  test('says what it cannot do, and changes nothing then', async () => {
    await lighter('create', '--name', 'limited', image, 'true')
    expect(await lighter('update', 'limited')).toMatchObject({
      exitCode: 1,
      stderr: 'you must provide one or more flags when using this command\n',
    })
    const small = await lighter('update', '-m', '5m', 'limited')
    expect(small.stderr).toBe('Error response from daemon: Minimum memory limit allowed is 6MB\n')
    expect(await lighter('update', '--cpu-shares', '512', 'limited')).toMatchObject({ exitCode: 0 })
    expect((await lighter('update', '-m', '10m', 'nosuch')).exitCode).toBe(1)
    await lighter('rm', 'limited')
  })
})
