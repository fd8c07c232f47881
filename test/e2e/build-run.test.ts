import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mountsBelow } from '../helpers/leftovers.ts'
import { type StepDriver, startStepDriver } from '../helpers/step-driver.ts'
import { driveSteps, processes } from '../helpers/steps.ts'
import { until } from '../helpers/until.ts'

const { world, driver, image, other, sh } = driveSteps('build-run')

/** All that a tree has below it, sorted. */
const tree = (path: string): string[] =>
  execFileSync('find', [path, '-mindepth', '1', '-printf', '/%P %y %U\n'], { encoding: 'utf8' })
    .split('\n')
    // In directories that fuse-overlayfs has made.
    .filter((line) => line !== '' && !line.includes('/.wh.'))
    .sort()

describe('what a step has', () => {
  test('files, name, environment and directory of BuildKit', async () => {
    const step = await sh(
      'env | sort; hostname; pwd; cat /etc/hosts; ls /etc/hostname /.dockerenv',
      {
        env: ['A=1', 'PATH=/bin'],
        cwd: '/tmp',
        hosts: [{ name: 'box', address: '10.1.2.3' }],
      },
    )
    expect(step.stdout).toBe(`A=1
HOME=/root
PATH=/bin
PWD=/tmp
SHLVL=1
buildkitsandbox
/tmp
127.0.0.1\tlocalhost buildkitsandbox
::1\tlocalhost ip6-localhost ip6-loopback
10.1.2.3\tbox
`)
    expect(step.stderr).toContain('/etc/hostname: No such file')
    expect(step.stderr).toContain('/.dockerenv: No such file')
  })

  test('a user with its groups, and a working directory that is made for it', async () => {
    const step = await sh('id; stat -c "%u:%g %a" /new/dir; echo said > /dev/stderr', {
      user: 'app',
      cwd: '/new/dir',
    })
    expect(step.stdout).toBe(
      'uid=1000(app) gid=1000(app) groups=29(audio),1000(app)\n1000:1000 755\n',
    )
    expect(step.stderr).toBe('said\n')
  })

  test('limits, memory to share, no input, Docker’s capabilities; all of them when it is insecure', async () => {
    const step = await sh(
      'ulimit -n; df -k /dev/shm | tail -n 1 | tr -s " " | cut -d " " -f 2; cat | wc -c; grep -E "CapEff|Seccomp:" /proc/self/status',
      { shmSize: 1 << 20, ulimits: [{ name: 'nofile', soft: 100, hard: 200 }] },
    )
    expect(step.stdout).toBe('100\n1024\n0\nCapEff:\t00000000a80425fb\nSeccomp:\t2\n')
    const free = await sh('grep Seccomp: /proc/self/status; mount -t tmpfs t /tmp', {
      security: 'insecure',
    })
    expect(free).toMatchObject({ exitCode: 0, stdout: 'Seccomp:\t0\n' })
  })

  test('no network, or the way out of the default one', async () => {
    const none = await sh('ls /sys/class/net')
    expect(none.stdout).toBe('lo\n')
    const bridged = await sh('ls /sys/class/net; ip route | grep -c default', {
      network: 'default',
    })
    expect(bridged.stdout).toBe('eth0\nlo\n1\n')
  })
})

describe('how it ends', () => {
  test('codes, and what cannot be executed', async () => {
    expect(await sh('exit 3')).toMatchObject({ exitCode: 3, signal: 0 })
    expect(await driver.run({ image, args: ['nosuch', 'x'] })).toMatchObject({
      exitCode: 1,
      stderr:
        'runc run failed: unable to start container process: exec: "nosuch": executable file not found in $PATH\n',
    })
    expect(await driver.run({ image, args: ['/etc/passwd'] })).toMatchObject({
      exitCode: 1,
      stderr:
        'runc run failed: unable to start container process: exec: "/etc/passwd": permission denied\n',
    })
  })

  test('a user that is not there, a platform that is not this machine’s', async () => {
    expect((await sh('true', { user: 'nosuch' })).error).toEqual({
      code: 'bad-input',
      message: 'unable to find user nosuch: no matching entries in passwd file',
    })
    const { error } = await sh('true', { platform: 'linux/s390x' })
    expect(error).toMatchObject({ code: 'platform-mismatch' })
    expect(error?.hint).toContain('qemu-s390x')
  })

  test('output comes while it runs, in its order', async () => {
    const step = await sh('for i in 1 2 3; do echo $i; sleep 0.2; done; seq 1 20000')
    expect(step.said.length).toBeGreaterThan(3)
    const numbers = Array.from({ length: 20000 }, (_, at) => `${at + 1}\n`).join('')
    expect(step.stdout).toBe(`1\n2\n3\n${numbers}`)
  })

  test('aborted it is gone with all its processes, at once', async () => {
    const begun = Date.now()
    const step = await sh("trap '' TERM INT HUP; sleep 1234 & sleep 1235", { abortAfter: 300 })
    expect(step.error?.code).toBe('AbortError')
    expect(Date.now() - begun).toBeLessThan(20_000)
    expect(processes().filter((line) => /sleep 123/.test(line))).toEqual([])
    expect(mountsBelow(world.home)).toEqual([])
  })

  test('it dies with whoever called, and nothing stays', async () => {
    const victim = startStepDriver(world)
    const heard = victim.heard()
    victim
      .run({
        image,
        args: ['/bin/sh', '-c', 'echo begun; sleep 4321'],
        network: 'default',
      })
      .catch(() => undefined)
    await heard
    await victim.kill()
    await until(() => !processes().some((line) => /sleep 4321|lighter-monitor/.test(line)))
    expect(mountsBelow(world.home)).toEqual([])
    expect(await sh('true', { network: 'default' })).toMatchObject({ exitCode: 0 })
  })

  test('no list of containers and no event shows it', async () => {
    const heard = driver.heard()
    const running = sh('echo begun; sleep 1')
    await heard
    expect((await world.lighter(['ps', '-aq'])).stdout).toBe('')
    expect(await running).toMatchObject({ exitCode: 0 })
    const events = await world.lighter(['events', '--since', '1h', '--until', '0s'])
    expect(events.stdout).not.toContain('container')
  })
})

describe.each(['overlay', 'fuse-overlayfs'])('what it changed, with %s', (storage) => {
  let own: StepDriver
  beforeAll(() => {
    own = startStepDriver(world, { LIGHTER_STORAGE_DRIVER: storage })
  })
  afterAll(() => own.end())

  test('is in the upper directory, with the places of mounts named', async () => {
    const step = await own.run({
      image,
      keep: true,
      args: ['/bin/sh', '-c', 'echo 1 > /made; rm /etc/group; echo 2 > /a/kept; touch /t/gone'],
      mounts: [
        { type: 'tmpfs', target: '/t', size: 0 },
        { type: 'tmpfs', target: '/a/b/c', size: 0 },
      ],
    })
    expect(step).toMatchObject({ exitCode: 0, stderr: '' })
    expect(step.placeholders).toEqual([
      '/etc/resolv.conf',
      '/etc/hosts',
      '/t',
      '/a',
      '/a/b',
      '/a/b/c',
    ])
    const { uid } = world.ids
    expect(tree(step.upper ?? '')).toEqual([
      `/a d ${uid}`,
      `/a/b d ${uid}`,
      `/a/b/c d ${uid}`,
      `/a/kept f ${uid}`,
      `/etc d ${uid}`,
      expect.stringMatching(/^\/etc\/group c /),
      `/etc/hosts f ${uid}`,
      `/etc/resolv.conf f ${uid}`,
      `/made f ${uid}`,
      `/t d ${uid}`,
    ])
    await own.ask({ discard: step.directory })
  })

  test('nothing of what it wrote to a writable bind', async () => {
    const source = join(world.home, `bind-${storage}`)
    await world.run('/bin/sh', ['-c', `mkdir ${source} && echo host > ${source}/file`])
    const step = await own.run({
      image,
      args: [
        '/bin/sh',
        '-c',
        'cat /m/file /e/debian_version; echo x > /m/file; echo y > /e/new; rm -r /m/*; ls /m',
      ],
      mounts: [
        { type: 'bind', origin: { directory: source }, source: '', target: '/m', writable: true },
        { type: 'bind', origin: { image: other }, source: '/etc', target: '/e', writable: true },
      ],
    })
    expect(step).toMatchObject({ exitCode: 0, stderr: '' })
    expect(step.stdout).toMatch(/^host\n12\.\d+\n$/)
    expect(readFileSync(join(source, 'file'), 'utf8')).toBe('host\n')
  })
})

test('a session keeps the way out between steps, and takes it along', async () => {
  await driver.ask({ session: 'open' })
  const uplinks = () => processes().filter((line) => line.includes('slirp4netns'))
  expect(uplinks()).toHaveLength(1)
  expect(await sh('true', { network: 'default' })).toMatchObject({ exitCode: 0 })
  expect(uplinks()).toHaveLength(1)
  await driver.ask({ session: 'close' })
  await until(() => uplinks().length === 0)
})
