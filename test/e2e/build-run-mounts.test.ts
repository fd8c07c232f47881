import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { type StepResult, startStepDriver } from '../helpers/step-driver.ts'
import { driveSteps, processes } from '../helpers/steps.ts'
import { until } from '../helpers/until.ts'

const { world, driver, image, other, sh } = driveSteps('build-run-mounts')

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
  const step = <Request extends object>(script: string, request: Request) => ({
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
      const meeting = cache(`meeting-${sharing}`, 'shared', { target: '/meeting' })
      const mounts = [...cache(sharing, sharing).mounts, ...meeting.mounts]
      const results = await driver.ask({
        together: ['a', 'b'].map((name) => step(script(name), { image, mounts })),
      })
      return (results as StepResult[]).map(({ stdout }) => stdout)
    }
    /** Looks when the other one has put down its mark, too. */
    const mark = (name: string) =>
      `touch /c/${name} /meeting/${name}; until [ -e /meeting/a ] && [ -e /meeting/b ]; do sleep 0.1; done; ls /c | xargs`
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
    const removed = cache('removed', 'shared')
    const heard = driver.heard()
    const running = sh('echo begun; until [ -e /c/go ]; do sleep 0.1; done', removed)
    await heard
    const { caches } = await remover.ask({ caches: 'list' })
    const { key } = caches.find(({ id }: { id: string }) => id === 'removed')
    expect(await remover.ask({ removeCache: key })).toMatchObject({ removed: false })
    await remover.run(step('touch /c/go', removed))
    expect(await running).toMatchObject({ exitCode: 0 })
    expect(await remover.ask({ removeCache: key })).toMatchObject({ removed: true })
    const left = (await remover.ask({ caches: 'list' })).caches
    expect(left.map(({ id }: { id: string }) => id)).not.toContain('removed')
    await remover.end()
  })
})
