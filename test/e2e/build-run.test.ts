import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { mountsBelow } from '../helpers/leftovers.ts'
import { type StepDriver, type StepResult, startStepDriver } from '../helpers/step-driver.ts'
import { until } from '../helpers/until.ts'
import { makeWorld, testUser, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox:latest`
const other = `${inject('registry')}/debian:bookworm`

let world: World
let driver: StepDriver
beforeAll(async () => {
  world = makeWorld('build-run')
  for (const name of [image, other]) await world.lighter(['pull', '-q', name])
  driver = startStepDriver(world)
})
afterAll(async () => {
  await driver.end()
  // What the driver that was killed had begun.
  await world.lighter(['system', 'prune', '-f'])
  await world.remove()
})

const sh = (script: string, more: object = {}): Promise<StepResult> =>
  driver.run({ image, args: ['/bin/sh', '-c', script], ...more })

/** What the test user runs, by command line. */
const processes = (): string[] =>
  execFileSync('ps', ['-u', testUser().name, '-o', 'stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('Z'))

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

describe('mounts', () => {
  const bind = (directory: string, source: string, target = '/m') => ({
    type: 'bind',
    origin: { directory },
    source,
    target,
    writable: false,
  })

  test('a source does not lead out of where it begins', async () => {
    const place = join(world.home, 'hostile')
    await world.run('/bin/sh', [
      '-c',
      `mkdir -p ${place}/in && cd ${place} && echo own > in/passwd && ln -s in etc &&
       ln -s /etc/passwd absolute && ln -s ../../../../../../../../etc/passwd relative && ln -s / root`,
    ])
    // Links count inside: both lead to the own etc, which is a link to `in`.
    for (const name of ['absolute', 'relative', 'root/etc/passwd', '../../../etc/passwd'])
      expect(await sh('cat /m', { mounts: [bind(place, name)] }), name).toMatchObject({
        exitCode: 0,
        stdout: 'own\n',
      })
    const missing = await sh('true', { mounts: [bind(place, 'root/etc/shadow')] })
    expect(missing).toMatchObject({ exitCode: 1 })
    const written = await sh('touch /m/new', { mounts: [bind(place, 'in')] })
    expect(written.stderr).toContain('Read-only file system')
  })

  test('a target does not lead out of the root filesystem, nor over what is the kernel’s', async () => {
    const away = await sh('true', { mounts: [{ type: 'tmpfs', target: '/proc/x', size: 0 }] })
    expect(away).toMatchObject({ exitCode: 1 })
    expect(away.stderr).toContain('/proc/x')
  })

  test('a tmpfs has its size, and is open to all where its place is new', async () => {
    const step = await sh(
      'df -k /t | tail -n 1 | tr -s " " | cut -d " " -f 2; stat -c %a /t /root',
      {
        mounts: [
          { type: 'tmpfs', target: '/t', size: 1 << 20 },
          { type: 'tmpfs', target: '/root', size: 0 },
        ],
      },
    )
    expect(step.stdout).toBe('1024\n1777\n700\n')
  })

  test('a secret is a file or a variable, and on no disk and in no command line', async () => {
    const word = `secret-${process.pid}-word`
    const heard = driver.heard()
    const running = sh(
      'echo begun; stat -c "%u:%g %a" /s; cat /s; echo; echo $WORD; sleep 1; echo x > /s',
      {
        mounts: [
          { type: 'secret', content: word, target: '/s', uid: 3, gid: 4, mode: 0o440 },
          { type: 'secret', content: `${word}-2`, variable: 'WORD', uid: 0, gid: 0, mode: 0o400 },
        ],
      },
    )
    await heard
    await sleep(200)
    const found = await world.run('/bin/grep', ['-rl', word, world.home, world.runtime])
    expect(found.stdout).toBe('')
    expect(processes().join('\n')).not.toContain(word)
    const step = await running
    expect(step.stdout).toBe(`begun\n3:4 440\n${word}\n${word}-2\n`)
    expect(step.stderr).toContain('Read-only file system')
  })

  test('an agent can be asked for its keys and to sign, and for nothing else', async () => {
    const { stdout } = await world.run('/bin/sh', [
      '-c',
      'ssh-keygen -q -t ed25519 -N "" -f key && ssh-agent -a $HOME/agent >/dev/null && SSH_AUTH_SOCK=$HOME/agent ssh-add -q key && pgrep -u $(id -u) -n ssh-agent',
    ])
    const talk = `use Socket; socket(S,AF_UNIX,SOCK_STREAM,0); connect(S,sockaddr_un($ENV{SSH_AUTH_SOCK})) or die $!;
      for (11,19,11) { syswrite S,pack("NC",1,$_); sysread S,$b,4; sysread S,$c,unpack("N",$b); print ord($c),"\\n" }`
    const step = await driver.run({
      image: other,
      user: '1000',
      args: ['/usr/bin/perl', '-e', talk],
      mounts: [
        {
          type: 'ssh',
          socket: join(world.home, 'agent'),
          target: '/run/buildkit/ssh_agent.0',
          uid: 1000,
          gid: 1000,
          mode: 0o600,
        },
      ],
    })
    process.kill(Number(stdout))
    expect(step).toMatchObject({ exitCode: 0, stdout: '12\n5\n12\n', stderr: '' })
  })
})

test('keys are served by an agent of our own, of which nothing stays', async () => {
  const made = await world.run('/bin/sh', [
    '-c',
    'ssh-keygen -q -t ed25519 -N "" -f one && ssh-keygen -q -t ed25519 -N long-word -f closed && ssh-keygen -lf one',
  ])
  const [, digest = ''] = made.stdout.split(' ')
  const { keys } = await driver.ask({ agent: [join(world.home, 'one')] })
  expect(keys).toContain(digest)
  await expect(driver.ask({ agent: [join(world.home, 'closed')] })).rejects.toThrow(
    'it is no key, or has a passphrase',
  )
  await expect(driver.ask({ agent: [] })).rejects.toThrow('make sure SSH_AUTH_SOCK is set')
  await until(() => !processes().some((line) => line.includes('ssh-agent')))
})

describe('caches', () => {
  const cache = (id: string, sharing: string, more: object = {}) => ({
    image,
    mounts: [
      {
        type: 'cache',
        id,
        sharing,
        source: '',
        target: '/c',
        readOnly: false,
        uid: 0,
        gid: 0,
        mode: 0o755,
        ...more,
      },
    ],
  })
  const step = (script: string, request: object) => ({
    args: ['/bin/sh', '-c', script],
    ...request,
  })

  test('outlive the step, whatever their id is', async () => {
    const request = cache('../../../x y', 'shared', { uid: 5, gid: 6, mode: 0o711 })
    const first = await sh('stat -c "%u:%g %a" /c; touch /c/kept', request)
    expect(first).toMatchObject({ exitCode: 0, stdout: '5:6 711\n' })
    expect((await sh('ls /c', request)).stdout).toBe('kept\n')
    const { caches } = await driver.ask({ caches: 'list' })
    expect(caches).toMatchObject([{ id: '../../../x y', target: '/c', uses: 2 }])
    expect(readdirSync(join(world.data, 'cache/mounts')).join()).toMatch(/^[0-9a-f]{64}$/)
  })

  test('begin with what they are to be filled with', async () => {
    const request = cache('filled', 'shared', { from: { image: other }, source: 'etc/apt' })
    expect((await sh('ls /c | head -n 1; touch /c/more', request)).stdout).toBe('apt.conf.d\n')
    expect((await sh('ls /c/more', request)).stdout).toBe('/c/more\n')
    expect((await sh('ls /c', cache('filled', 'shared'))).stdout).toBe('')
  })

  test('are shared, one’s own, or waited for', async () => {
    const both = async (sharing: string, script: (name: string) => string) => {
      const results = await driver.ask({
        together: ['a', 'b'].map((name) => step(script(name), cache(sharing, sharing))),
      })
      return (results as StepResult[]).map(({ stdout }) => stdout)
    }
    const mark = (name: string) => `touch /c/${name}; sleep 1.5; ls /c | xargs`
    expect(await both('shared', mark)).toEqual(['a b\n', 'a b\n'])
    expect(await both('private', mark)).toEqual(['a\n', 'b\n'])
    const alone = (name: string) =>
      `[ ! -e /c/busy ] && touch /c/busy && sleep 0.5 && rm /c/busy && echo ${name}`
    expect(await both('locked', alone)).toEqual(['a\n', 'b\n'])
  })

  test('who waits for one can be called off', async () => {
    const [first, second] = await driver.ask({
      together: [
        step('sleep 2', cache('awaited', 'locked')),
        { ...step('true', cache('awaited', 'locked')), abortAfter: 700 },
      ],
    })
    // Which of them was first is the machine's to say: the other one waited.
    expect([first.exitCode ?? first.error.code, second.exitCode ?? second.error.code]).toSatisfy(
      ([one, two]) => one === 0 && (two === 'AbortError' || two === 0),
    )
  })

  test('are removed, but not from under a step', async () => {
    const remover = startStepDriver(world)
    const heard = driver.heard()
    const running = sh('echo begun; sleep 2; ls /c', cache('removed', 'shared'))
    await heard
    const { caches } = await remover.ask({ caches: 'list' })
    const { key } = caches.find(({ id }: { id: string }) => id === 'removed')
    expect(await remover.ask({ removeCache: key })).toMatchObject({ removed: false })
    expect(await running).toMatchObject({ exitCode: 0 })
    expect(await remover.ask({ removeCache: key })).toMatchObject({ removed: true })
    const left = (await remover.ask({ caches: 'list' })).caches
    expect(left.map(({ id }: { id: string }) => id)).not.toContain('removed')
    await remover.end()
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
