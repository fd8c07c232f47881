import { execFileSync } from 'node:child_process'
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { makeWorld, type Outcome, testUser, type World } from '../helpers/world.ts'

const user = testUser()
const [firstSubuid] = user.subuids

/** A bundle made by hand for a rootless runtime. */
function makeConfig(args: string[]) {
  const ids = (own: number) => [
    { containerID: 0, hostID: own, size: 1 },
    { containerID: 1, hostID: firstSubuid, size: 1000 },
  ]
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args,
      env: ['PATH=/bin', 'GREETING=hello'],
      cwd: '/tmp',
    },
    root: { path: 'rootfs' },
    hostname: 'by-hand',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      {
        destination: '/dev',
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['nosuid', 'mode=755', 'size=65536k'],
      },
    ],
    linux: {
      uidMappings: ids(user.uid),
      gidMappings: ids(user.gid),
      namespaces: ['pid', 'mount', 'ipc', 'uts', 'network', 'user'].map((type) => ({ type })),
      maskedPaths: ['/proc/kcore'],
      readonlyPaths: ['/proc/sys'],
    },
  }
}

let world: World
let root = ''
beforeAll(() => {
  world = makeWorld('oci')
  root = join(world.home, 'state')
})
afterAll(() => {
  for (const directory of [world.home, world.runtime])
    rmSync(directory, { recursive: true, force: true })
})

function makeBundle(config: unknown): string {
  const bundle = mkdtempSync(join(world.home, 'bundle-'))
  const rootfs = join(bundle, 'rootfs')
  for (const directory of ['', 'bin', 'proc', 'dev', 'tmp', 'etc'])
    mkdirSync(join(rootfs, directory), { recursive: true })
  execFileSync('cp', ['/bin/busybox', join(rootfs, 'bin/busybox')])
  for (const applet of ['sh', 'sleep', 'hostname', 'id', 'cat', 'echo'])
    execFileSync('ln', ['-s', 'busybox', join(rootfs, 'bin', applet)])
  writeFileSync(
    join(bundle, 'config.json'),
    typeof config === 'string' ? config : JSON.stringify(config),
  )
  execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, bundle])
  chownSync(bundle, user.uid, user.gid)
  return bundle
}

const native = (...args: string[]): Promise<Outcome> =>
  world.run(inject('nativeProgram'), ['--root', root, ...args])

/** The container's process keeps the streams of `create` open: its errors take the way over a file. */
const create = (bundle: string, id: string): Promise<Outcome> =>
  world.run('sh', [
    '-c',
    '"$@" </dev/null >/dev/null 2>errors; code=$?; cat errors >&2; exit $code',
    'create',
    inject('nativeProgram'),
    '--root',
    root,
    'create',
    '--bundle',
    bundle,
    id,
  ])

async function waitForStatus(id: string, status: string): Promise<void> {
  for (let attempt = 0; attempt < 1200; attempt++) {
    const { stdout } = await native('state', id)
    if (stdout && JSON.parse(stdout).status === status) return
    await sleep(50)
  }
  throw new Error(`${id} is not ${status}: ${(await native('state', id)).stdout}`)
}

describe('the verbs of the OCI runtime interface', () => {
  test('create, state, start, kill, delete', async () => {
    const bundle = makeBundle(makeConfig(['sleep', '1000']))
    const created = await create(bundle, 'one')
    expect(created).toMatchObject({ exitCode: 0, stderr: '' })
    const state = JSON.parse((await native('state', 'one')).stdout)
    expect(state).toMatchObject({ id: 'one', status: 'created', bundle })
    expect(existsSync(`/proc/${state.pid}`)).toBe(true)

    expect((await native('start', 'one')).exitCode).toBe(0)
    await waitForStatus('one', 'running')
    expect((await native('start', 'one')).exitCode).not.toBe(0)
    expect((await native('delete', 'one')).exitCode).not.toBe(0)
    expect((await native('kill', 'one', 'KILL')).exitCode).toBe(0)
    await waitForStatus('one', 'stopped')
    expect((await native('delete', 'one')).exitCode).toBe(0)
    expect((await native('state', 'one')).exitCode).not.toBe(0)
  })

  test('the process gets what the bundle says', async () => {
    const script = 'echo $GREETING $(hostname) $(id -u) $PWD > /tmp/said'
    const bundle = makeBundle(makeConfig(['sh', '-c', script]))
    await create(bundle, 'two')
    await native('start', 'two')
    await waitForStatus('two', 'stopped')
    expect(execFileSync('cat', [join(bundle, 'rootfs/tmp/said')], { encoding: 'utf8' })).toBe(
      'hello by-hand 0 /tmp\n',
    )
    expect((await native('delete', 'two')).exitCode).toBe(0)
  })

  test('one id, one container', async () => {
    const bundle = makeBundle(makeConfig(['sleep', '1000']))
    await create(bundle, 'same')
    const again = await create(bundle, 'same')
    expect([again.exitCode === 0, again.stderr]).toEqual([
      false,
      expect.stringMatching(/already exists/),
    ])
    expect((await native('delete', '--force', 'same')).exitCode).toBe(0)
  })

  const withLinux = (members: object) => {
    const config = makeConfig(['true'])
    return { ...config, linux: { ...config.linux, ...members } }
  }
  const withMount = (mount: object) => {
    const config = makeConfig(['true'])
    return { ...config, mounts: [...config.mounts, mount] }
  }
  const rule = { action: 'SCMP_ACT_ERRNO' }
  const seccomp = (rules: object[]) =>
    withLinux({ seccomp: { defaultAction: 'SCMP_ACT_ALLOW', syscalls: rules } })
  const device = { type: 'c', major: 1, minor: 3 }

  test.each<[string, object, RegExp]>([
    [
      'a sysctl that leads to the host',
      withLinux({ sysctl: { 'net/../vm/swappiness': '61' } }),
      /not a setting/,
    ],
    [
      'a sysctl with dots that do',
      withLinux({ sysctl: { 'net.//.vm.swappiness': '61' } }),
      /not a setting/,
    ],
    ['a seccomp rule without names', seccomp([{ ...rule, names: [] }]), /names.*at least one name/],
    [
      'a seccomp rule with a name only',
      seccomp([{ ...rule, name: 'mkdir' }]),
      /names.*at least one name/,
    ],
    [
      'a device that leads upwards',
      withLinux({ devices: [{ ...device, path: '/dev/../etc/x' }] }),
      /upwards/,
    ],
    [
      'a remount of nothing',
      withMount({ destination: '/tmp', type: 'tmpfs', options: ['remount'] }),
      /nothing is mounted/,
    ],
    [
      'a bind with tmpcopyup',
      withMount({ destination: '/tmp', type: 'bind', source: '/', options: ['bind', 'tmpcopyup'] }),
      /tmpcopyup/,
    ],
    [
      'a tmpfs with a path below',
      withMount({
        destination: '/tmp',
        type: 'tmpfs',
        source: 't',
        options: ['lighter-subpath=x'],
      }),
      /lighter-subpath/,
    ],
    [
      "a writable cgroup2 that would be the host's",
      withMount({ destination: '/sys/fs/cgroup', type: 'cgroup2', source: 'cgroup' }),
      /cgroup2 on \/sys\/fs\/cgroup .* option ro/,
    ],
    [
      'a cgroup where the user may make none',
      withLinux({ cgroupsPath: '/lighter-test-none/box' }),
      /linux\.cgroupsPath \/lighter-test-none\/box cannot be made/,
    ],
    [
      'a terminal that goes nowhere',
      { ...makeConfig(['true']), process: { ...makeConfig(['true']).process, terminal: true } },
      /--console-socket/,
    ],
  ])('%s is refused by name', async (_, config, sentence) => {
    const outcome = await create(makeBundle(config), 'refused')
    expect(outcome.stderr).toMatch(sentence)
    expect(outcome.stderr.trim().split('\n')).toHaveLength(1)
    expect(outcome.exitCode).not.toBe(0)
    expect((await native('state', 'refused')).exitCode).not.toBe(0)
  })

  // crun takes both, though the specification calls their members required.
  test('a user and a limit of processes without members are root and none', async () => {
    const config = makeConfig(['sh', '-c', 'echo $(id -u):$(id -g) > /tmp/said'])
    const bundle = makeBundle({
      ...config,
      process: { ...config.process, user: {} },
      linux: { ...config.linux, resources: { pids: {} } },
    })
    expect(await create(bundle, 'bare')).toMatchObject({ exitCode: 0, stderr: '' })
    await native('start', 'bare')
    await waitForStatus('bare', 'stopped')
    expect(readFileSync(join(bundle, 'rootfs/tmp/said'), 'utf8')).toBe('0:0\n')
    expect((await native('delete', 'bare')).exitCode).toBe(0)
  })

  test('a mount of type cgroup2 is one, also where the host has both versions', async () => {
    const mount = { destination: '/sys/fs/cgroup', type: 'cgroup2', source: 'c', options: ['ro'] }
    const config = makeConfig(['sh', '-c', 'cat /proc/mounts > /tmp/said'])
    const bundle = makeBundle({ ...config, mounts: [...config.mounts, mount] })
    expect(await create(bundle, 'two-only')).toMatchObject({ exitCode: 0, stderr: '' })
    await native('start', 'two-only')
    await waitForStatus('two-only', 'stopped')
    const lines = readFileSync(join(bundle, 'rootfs/tmp/said'), 'utf8').split('\n')
    expect(lines.filter((line) => line.includes(' /sys/fs/cgroup'))).toEqual([
      expect.stringMatching(/^\S+ \/sys\/fs\/cgroup cgroup2 ro,/),
    ])
    expect((await native('delete', 'two-only')).exitCode).toBe(0)
  })

  test.each<[string, unknown]>([
    ['malformed JSON', '{"ociVersion": "1.0.2",'],
    ['no JSON object', '[]'],
    ['a wrong type', { ...makeConfig(['true']), hostname: 7 }],
    ['an unknown version', { ...makeConfig(['true']), ociVersion: '9.0.0' }],
    ['no root', { ...makeConfig(['true']), root: undefined }],
  ])('%s is refused and leaves nothing', async (_, config) => {
    const outcome = await create(makeBundle(config), 'bad')
    expect(outcome.exitCode).not.toBe(0)
    expect(outcome.stderr.trim().split('\n')).toHaveLength(1)
    expect((await native('state', 'bad')).exitCode).not.toBe(0)
  })
})

test('--runtime crun', async () => {
  const image = `${inject('registry')}/busybox:latest`
  const other = makeWorld('crun')
  const outcome = await other.lighter(
    ['run', '--rm', '-i', '--runtime', 'crun', image, 'sh', '-c', 'cat; exit 6'],
    { input: 'through crun' },
  )
  expect(outcome).toMatchObject({ exitCode: 6, stdout: 'through crun' })
  await other.remove()
})
