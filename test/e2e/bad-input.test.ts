import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { makeArchive } from '../fixtures/archive.ts'
import { writeImageLayout } from '../fixtures/image-layout.ts'
import { remainsIn } from '../helpers/leftovers.ts'
import { freePort, pushLayout, type Registry, startRegistry } from '../helpers/registry.ts'
import { makeWorld, type Outcome, type World } from '../helpers/world.ts'

const registry = inject('registry')
const busybox = `${registry}/busybox:latest`

let world: World
beforeAll(async () => {
  world = makeWorld('bad-input')
  await world.lighter(['pull', '-q', busybox])
})
afterAll(() => world.remove())

/** One clear sentence, no stack trace, nothing half made. */
function expectRefusal(outcome: Outcome, code: number, pattern: RegExp): void {
  expect(outcome.stderr).toMatch(pattern)
  expect(outcome.stderr).not.toMatch(/^\s+at .*:\d+|node:internal|TypeError|ReferenceError/m)
  expect(outcome.exitCode).toBe(code)
  expect(remainsIn(world.data)).toEqual([])
}

const run = (...args: string[]) =>
  world.lighter([
    'run',
    '--rm',
    ...(args.includes('--network') ? [] : ['--network', 'none']),
    ...args,
  ])

describe('the pointer to --help', () => {
  const daemon = 'docker: Error response from daemon:'
  const task = `${daemon} failed to create task for container:`
  const help = "\nSee 'docker run --help'."

  test.each<[string[], number, string]>([
    [
      ['--device', '/no/such'],
      127,
      `${daemon} error gathering device information while adding custom device "/no/such": no such file or directory.`,
    ],
    [
      ['--gpus', 'all'],
      125,
      `${daemon} could not select device driver "" with capabilities: [[gpu]].`,
    ],
    [
      ['--ipc', 'host', '--sysctl', 'kernel.shmmax=1'],
      125,
      `${task} sysctl "kernel.shmmax" is not allowed in the hosts ipc namespace.`,
    ],
    [
      ['--network', 'host', '--sysctl', 'net.ipv4.ip_forward=1'],
      125,
      `${task} sysctl "net.ipv4.ip_forward" not allowed in host network namespace.`,
    ],
    [['--network', 'container:nosuch'], 125, `${daemon} No such container: nosuch.`],
    [
      ['--network', 'bridge', '--link', 'nosuch'],
      125,
      `${daemon} could not get container for nosuch: No such container: nosuch.${help}`,
    ],
    [['--pid', 'nosuch'], 125, `docker: --pid: invalid PID mode.${help}`],
    [['--runtime', 'nosuch'], 125, `${daemon} unknown or invalid runtime name: nosuch.${help}`],
    [['--ipc', 'nosuch'], 125, `${daemon} invalid IPC mode: nosuch.${help}`],
  ])('%j: only behind what is found before the start', async (flags, code, sentence) => {
    const outcome = await run(...flags, busybox, 'true')
    expect(outcome.stderr.replaceAll('lighter', 'docker')).toBe(`${sentence}\n`)
    expectRefusal(outcome, code, /./)
  })
})

describe('commands, users, mounts, names', () => {
  test.each<[string, string[], number, RegExp]>([
    [
      'a missing command',
      [busybox, 'nosuch'],
      127,
      /"nosuch": executable file not found in \$PATH/,
    ],
    ['a missing path', [busybox, '/no/such'], 127, /no such file or directory/i],
    ['a directory as command', [busybox, '/etc'], 126, /is a directory|permission denied/i],
    ['a plain file as command', [busybox, '/etc/not-executable'], 126, /permission denied/i],
    ['a missing user', ['-u', 'nosuch', busybox, 'true'], 125, /unable to find user nosuch/],
    ['a missing group', ['-u', 'root:nosuch', busybox, 'true'], 125, /unable to find group nosuch/],
    [
      'a working directory that is a file',
      ['-w', '/etc/passwd', busybox, 'true'],
      125,
      /\/etc\/passwd/,
    ],
    [
      'a missing source of --mount',
      ['--mount', 'type=bind,source=/no/such,target=/x', busybox, 'true'],
      125,
      /bind source path does not exist: \/no\/such/,
    ],
    ['an unknown flag', ['--nosuch', busybox], 125, /unknown flag: --nosuch/],
    ['an unknown network', ['--network', 'nosuch', busybox, 'true'], 125, /nosuch.*not found/],
    ['an unknown capability', ['--cap-add', 'NOSUCH', busybox, 'true'], 125, /NOSUCH/],
    [
      'a directory as env file',
      ['--env-file', '/usr', busybox, 'true'],
      125,
      /^lighter: read \/usr: is a directory\.\nSee 'lighter run --help'\.\n$/,
    ],
    [
      'a directory as label file',
      ['--label-file', '/usr', busybox, 'true'],
      125,
      /^lighter: read \/usr: is a directory\.\nSee 'lighter run --help'\.\n$/,
    ],
    ['a relative working directory', ['-w', 'etc', busybox, 'true'], 125, /etc/],
  ])('%s', async (_, args, code, pattern) => {
    expectRefusal(await run(...args), code, pattern)
  })

  test('two containers with one name', async () => {
    await world.lighter(['run', '-d', '--name', 'taken', busybox, 'sleep', '1000'])
    const second = await world.lighter(['run', '--rm', '--name', 'taken', busybox, 'true'])
    expect(second.stderr).toMatch(/Conflict\. The container name "\/taken" is already in use/)
    expect(second.exitCode).toBe(125)
    await world.lighter(['rm', '-f', 'taken'])
    expect((await run('--name', 'taken', busybox, 'true')).exitCode).toBe(0)
  })
})

describe('registries', () => {
  let broken: Registry
  beforeAll(async () => {
    const directory = join(inject('work'), 'broken-registry')
    mkdirSync(directory)
    broken = await startRegistry(directory)
  })
  afterAll(() => broken.stop())

  test('an unknown image', async () => {
    expectRefusal(await run(`${registry}/nosuch:latest`, 'true'), 125, /nosuch/)
  })

  test('an image for another machine', async () => {
    const outcome = await world.lighter([
      'pull',
      '--platform',
      'linux/s390x',
      `${registry}/busybox:multi`,
    ])
    expectRefusal(outcome, 1, /no matching manifest for linux\/s390x/)
  })

  test('a registry that is not there', async () => {
    const image = `127.0.0.1:${await freePort()}/x:latest`
    expectRefusal(await run(image, 'true'), 125, /^\w+: Error response.*refused.\nSee '/im)
    // As Docker's: only what its own command line has wrong makes `create` answer as `run` does.
    const created = await world.lighter(['create', image])
    expectRefusal(created, 1, /^Error response from daemon: .*refused$/im)
    expect(created.stderr).not.toContain('--help')
  })

  // They went into `new URL` as they were: an internal error.
  test.each([
    ['127.0.0.1:99999', 'Get "http://127.0.0.1:99999/v2/": dial tcp: address 99999: invalid port'],
    ['localhost:70000', 'Get "http://localhost:70000/v2/": dial tcp: address 70000: invalid port'],
    ['reg.test:65536', 'Get "https://reg.test:65536/v2/": dial tcp: address 65536: invalid port'],
    ['256.1.1.1', 'Get "https://256.1.1.1/v2/": dial tcp: lookup 256.1.1.1: no such host'],
    ['[:::]', 'Get "https://[:::]/v2/": dial tcp: lookup :::: no such host'],
  ])('%s is no address', async (host, sentence) => {
    const pulled = await world.lighter(['pull', '-q', `${host}/x`])
    expect(pulled).toMatchObject({
      exitCode: 1,
      stderr: `Error response from daemon: ${sentence}\n`,
    })
    const ran = await run(`${host}/x`, 'true')
    expect(ran.exitCode).toBe(125)
    expect(ran.stderr).toContain(`lighter: Error response from daemon: ${sentence}.\nSee '`)
  })

  // The registry was called unreachable: nobody looks at the proxy then.
  test.each([
    ['http://user:secret@127.0.0.1:1', 'dial tcp 127.0.0.1:1: connect: connection refused'],
    ['127.0.0.1:1', 'dial tcp 127.0.0.1:1: connect: connection refused'],
    ['http://nosuch.invalid:3128', 'dial tcp: lookup nosuch.invalid: '],
    ['http://127.0.0.1:99999', 'dial tcp: address 99999: invalid port'],
  ])('the proxy %s cannot be reached', async (proxy, sentence) => {
    const env = { https_proxy: proxy, LIGHTER_REGISTRY_TIMEOUT: '5' }
    const outcome = await world.lighter(['pull', '-q', 'busybox'], { env })
    expectRefusal(outcome, 1, /^Error response from daemon: Get "https:\/\/registry-1[^\n]*\n$/)
    expect(outcome.stderr).toContain(`/v2/": proxyconnect tcp: ${sentence}`)
    expect(outcome.stderr).not.toContain('secret')
  })

  test('a registry that hangs does not hold other commands up', async () => {
    const server = createServer(() => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const pull = world.start(['pull', `127.0.0.1:${port}/x:latest`])
    expect((await world.lighter(['ps'])).exitCode).toBe(0)
    expect(pull.exitCode).toBe(null)
    pull.kill('SIGKILL')
    server.close()
  })

  /** Pushes an image with one layer and returns the file the registry keeps that layer in. */
  function pushLayer(name: string, layer: Buffer): string {
    const layout = join(inject('work'), `layout-${name}`)
    writeImageLayout(layout, { layers: [layer], config: { Cmd: ['true'] } })
    pushLayout(layout, broken.host, `${name}:latest`)
    const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'))
    const blob = (digest: string) => join(layout, 'blobs/sha256', digest.slice(7))
    const manifest = JSON.parse(readFileSync(blob(index.manifests[0].digest), 'utf8'))
    const hex = manifest.layers[0].digest.slice(7)
    return join(broken.storage, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data')
  }

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['a truncated blob', (bytes) => bytes.subarray(0, bytes.length - 40)],
    ['a wrong digest', (bytes) => Buffer.from(bytes).fill(0x41, bytes.length - 4)],
  ])('%s is refused, and pulled once it is mended', async (name, damage) => {
    const repository = name.replaceAll(' ', '-')
    const file = pushLayer(
      repository,
      makeArchive([{ path: repository, data: 'x'.repeat(10_000) }]),
    )
    const whole = readFileSync(file)
    writeFileSync(file, damage(whole))
    const reference = `${broken.host}/${repository}:latest`
    expectRefusal(
      await world.lighter(['pull', reference]),
      1,
      /digest|size|unexpected EOF|cut off/i,
    )
    writeFileSync(file, whole)
    expect((await world.lighter(['pull', reference])).exitCode).toBe(0)
  })

  test.each<[string, Buffer, RegExp]>([
    ['dotdot', makeArchive([{ path: '../../evil', data: 'x' }]), /leads out of the layer/],
    [
      'hardlink',
      makeArchive([{ path: 'x', type: 'Link', linkpath: '../../../etc/passwd' }]),
      /leads out of the layer/,
    ],
    ['uid', makeArchive([{ path: 'f', uid: 205_001, data: 'x' }]), /205001/],
    ['notar', Buffer.from('no archive '.repeat(1000)), /damaged/],
  ])('the archive %s is refused', async (name, archive, pattern) => {
    pushLayer(`hostile-${name}`, archive)
    expectRefusal(
      await world.lighter(['pull', `${broken.host}/hostile-${name}:latest`]),
      1,
      pattern,
    )
  })

  test('links and devices in an archive stay inside', async () => {
    pushLayer(
      'hostile-links',
      makeArchive([
        { path: 'way', type: 'SymbolicLink', linkpath: world.home },
        { path: 'way/evil', data: 'x' },
        { path: 'dev/sda', type: 'BlockDevice', device: [8, 0] },
      ]),
    )
    const outcome = await world.lighter(['pull', `${broken.host}/hostile-links:latest`])
    expect(outcome.exitCode).toBe(0)
    expect(existsSync(join(world.home, 'evil'))).toBe(false)
  })
})

test('a disk that fills up while unpacking', async () => {
  const full = makeWorld('full-disk')
  const store = join(full.home, '.local/share')
  mkdirSync(store, { recursive: true })
  execFileSync('chown', ['-R', `${full.ids.uid}:${full.ids.gid}`, join(full.home, '.local')])
  const options = `size=40m,mode=700,uid=${full.ids.uid},gid=${full.ids.gid}`
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', store])
  try {
    const pulled = await full.lighter(['pull', `${registry}/debian:bookworm`])
    expect(pulled.exitCode).toBe(1)
    expect(pulled.stderr).toMatch(/no space left on device/i)
    expect(remainsIn(full.data)).toEqual([])
    execFileSync('mount', ['-o', 'remount,size=1g', store])
    expect((await full.lighter(['pull', '-q', `${registry}/debian:bookworm`])).exitCode).toBe(0)
    // Deleting works without a free block.
    await full.lighter(['create', '--name', 'full', `${registry}/debian:bookworm`])
    execFileSync('sh', ['-c', `cat /dev/zero > ${store}/filler || true`], { stdio: 'ignore' })
    expect((await full.lighter(['rm', 'full'])).stdout).toBe('full\n')
    expect((await full.lighter(['rmi', `${registry}/debian:bookworm`])).exitCode).toBe(0)
  } finally {
    execFileSync('umount', [store])
    rmSync(full.runtime, { recursive: true, force: true })
    rmSync(full.home, { recursive: true, force: true })
  }
})

test('a data directory that cannot be written is said in one sentence', async () => {
  const closed = makeWorld('closed')
  mkdirSync(join(closed.home, '.local'))
  chmodSync(join(closed.home, '.local'), 0o555)
  const outcome = await closed.lighter(['images'])
  expect(outcome.exitCode).not.toBe(0)
  expect(outcome.stderr).toMatch(/permission denied|EACCES|cannot/i)
  expect(outcome.stderr).not.toMatch(/^\s+at .*:\d+/m)
  expect(readdirSync(join(closed.home, '.local'))).toEqual([])
  rmSync(closed.runtime, { recursive: true, force: true })
  rmSync(closed.home, { recursive: true, force: true })
})
