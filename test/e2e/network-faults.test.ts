import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest'
import { processesOf } from '../helpers/leftovers.ts'
import { startNameServer } from '../helpers/name-server.ts'
import { makeOtherHost, type OtherHost } from '../helpers/other-host.ts'
import { freePort } from '../helpers/registry.ts'
import { requests } from '../helpers/requests.ts'
import { until, untilDead } from '../helpers/until.ts'
import { finish, makeWorld, testUser, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox:latest`
const SERVE = 'mkdir /w; echo hello > /w/index.html; exec busybox httpd -f -p 80 -h /w'

let world: World
let other: OtherHost
let port: number

const lighter = (...args: string[]) => world.lighter(args)
const works = { exitCode: 0, stderr: '' }

/** The user's processes of a kind, by the end of their command line. */
const KINDS = {
  uplink: /slirp4netns/,
  names: / lighter-native names$/,
  ports: / lighter-native ports$/,
  monitor: /^\d+ lighter-monitor/,
}
const pidsOf = (kind: keyof typeof KINDS): number[] =>
  processesOf(testUser())
    .filter((line) => KINDS[kind].test(line))
    .map((line) => Number.parseInt(line, 10))
const helpers = () => (['uplink', 'names', 'ports'] as const).flatMap(pidsOf)

async function killAll(pids: number[]): Promise<void> {
  expect(pids).not.toEqual([])
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // it went with another one
    }
  }
  for (const pid of pids) await untilDead(pid)
}

const monitorOf = async (name: string): Promise<number> => {
  const id = (await lighter('inspect', '-f', '{{.Id}}', name)).stdout.trim()
  return JSON.parse(readFileSync(join(world.data, 'containers', id, 'state.json'), 'utf8')).monitor
    .pid
}

/** The containers' links in the shared network namespace, which every monitor holds as descriptor 3. */
const links = (monitor: number): string[] =>
  execFileSync('nsenter', [`--net=/proc/${monitor}/fd/3`, 'ip', '-br', 'link'], {
    encoding: 'utf8',
  })
    .split('\n')
    .flatMap((line) => /^v[0-9a-f]{8}/.exec(line)?.[0] ?? [])

const isFree = (number: number) =>
  new Promise<boolean>((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(number, '0.0.0.0', () => server.close(() => resolve(true)))
  })

/** Names, published port, and the way out: another container asks `web` by name and over the host. */
async function everythingWorks(): Promise<void> {
  for (const place of ['web', `${other.here}:${port}`]) {
    const fetched = await lighter(
      'run',
      '--rm',
      '--network',
      'site',
      image,
      'wget',
      '-qO-',
      `http://${place}/`,
    )
    expect({ place, ...fetched }).toMatchObject({ place, ...works, stdout: 'hello\n' })
  }
  const answers = await requests(`http://${other.here}:${port}/`, 20, 4, other.enter)
  expect(answers).toMatchObject({ ok: 20, errors: {} })
}

const startWeb = (...options: string[]) =>
  lighter(
    ...['run', '-d', '--name', 'web', '--network', 'site', '-p', `${port}:80`, ...options],
    ...[image, 'sh', '-c', SERVE],
  )

beforeAll(async () => {
  other = makeOtherHost()
  world = makeWorld('faults')
  port = await freePort()
  await lighter('pull', '-q', image)
  await lighter('network', 'create', 'site')
  expect(await startWeb()).toMatchObject(works)
  await lighter('run', '-d', '--name', 'box', '--network', 'site', image, 'sleep', '1000')
  await everythingWorks()
})
afterAll(async () => {
  other?.remove()
  await world?.remove()
})
afterEach(() => {
  for (const kind of ['uplink', 'names', 'ports'] as const)
    expect({ kind, count: pidsOf(kind).length <= 1 }).toEqual({ kind, count: true })
})

test('all helpers killed at once are back with the next command', async () => {
  await killAll(helpers())
  await everythingWorks()
  expect(helpers()).toHaveLength(3)
  // Of the containers that were there, too.
  const out = await lighter('exec', 'box', 'wget', '-qO-', `http://${other.here}:${port}/`)
  expect(out).toMatchObject({ ...works, stdout: 'hello\n' })
  expect(links(await monitorOf('box'))).toHaveLength(2)
})

// Two servers at a time would each know some of the containers.
test('helpers that have stalled are ended by who needs them, and do not come back', async () => {
  const stalled = [...pidsOf('names'), ...pidsOf('ports')]
  expect(stalled).toHaveLength(2)
  for (const pid of stalled) process.kill(pid, 'SIGSTOP')
  const late = ['run', '-d', '--name', 'late', '--network', 'site', '-p', '80', image]
  expect(await lighter(...late, 'sleep', '1000')).toMatchObject(works)
  for (const pid of stalled) await untilDead(pid)
  await everythingWorks()
  expect(helpers()).toHaveLength(3)
  for (const [asks, asked] of [
    ['box', 'late'],
    ['late', 'web'],
  ] as const) {
    const { stdout } = await lighter('exec', asks, 'nslookup', asked, '127.0.0.11')
    expect(stdout).toMatch(/Address: +172/)
  }
  await lighter('rm', '-f', 'late')
})

test('an uplink that is killed is back without a command', async () => {
  await killAll(pidsOf('uplink'))
  const out = ['exec', 'box', 'wget', '-qO-', `http://${other.here}:${port}/`]
  await until(async () => (await lighter(...out)).stdout === 'hello\n', 'a way out')
  const [uplink] = pidsOf('uplink')
  // A monitor started it, inside its own mount namespace: the container's root must not stay mounted.
  expect(readFileSync(`/proc/${uplink}/mountinfo`, 'utf8')).not.toContain('/bundle/rootfs')
})

test('a container whose monitor is killed leaves its link, its name and its port', async () => {
  const monitor = await monitorOf('web')
  await killAll([monitor])
  const box = await monitorOf('box')
  await until(() => links(box).length === 1, 'the link goes')
  await until(() => isFree(port), 'the port is free')
  const asked = await lighter('exec', 'box', 'nslookup', 'web', '127.0.0.11')
  expect(`${asked.stdout}${asked.stderr}`).not.toMatch(/Address: +172/)
  expect(await lighter('start', 'web')).toMatchObject(works)
  await everythingWorks()
  expect(links(box)).toHaveLength(2)
})

test('everything killed at once leaves no process and no port, and starts again', async () => {
  await killAll([...pidsOf('monitor'), ...helpers()])
  await until(() => processesOf(testUser()).length === 0, 'the last process ends')
  expect(await isFree(port)).toBe(true)
  expect(await lighter('start', 'web', 'box')).toMatchObject(works)
  await everythingWorks()
  expect(links(await monitorOf('box'))).toHaveLength(2)
})

test.each([
  ['its monitor', () => monitorOf('leased').then((pid) => [pid])],
  ['everything', async () => [...pidsOf('monitor'), ...helpers()]],
])('a container gives its addresses and ports back when %s is killed', async (_, victims) => {
  const six = ['--ipv6', '--subnet', '10.65.0.0/24', '--subnet', 'fd00:65::/64']
  expect(await lighter('network', 'create', ...six, 'leases')).toMatchObject({ exitCode: 0 })
  const number = await freePort()
  const wishes = [
    ...['--network', 'leases', '--ip', '10.65.0.9', '--ip6', 'fd00:65::9'],
    ...['-p', `${number}:80`, image, 'sleep', '1000'],
  ]
  expect(await lighter('run', '-d', '--name', 'leased', ...wishes)).toMatchObject(works)
  await killAll(await victims())
  await until(async () => {
    await lighter('rm', '-f', 'next')
    return (await lighter('run', '-d', '--name', 'next', ...wishes)).exitCode === 0
  }, 'the addresses and the port are free')
  expect(links(await monitorOf('next')).filter((name) => name === 'v0a410009')).toHaveLength(1)
  expect(await lighter('rm', '-f', 'leased', 'next')).toMatchObject(works)
  expect(await lighter('network', 'rm', 'leases')).toMatchObject({ exitCode: 0 })
})

test('the last container takes all helpers with it', async () => {
  await lighter('rm', '-f', 'web', 'box')
  await until(() => processesOf(testUser()).length === 0, 'the last process ends')
  expect(await isFree(port)).toBe(true)
})

test('a change of the resolvers of the host reaches running containers', async () => {
  const stops = [
    await startNameServer('127.0.0.71', '192.0.2.71'),
    await startNameServer('127.0.0.72', '192.0.2.72'),
  ]
  const etc = join(mkdtempSync(join(inject('work'), 'etc-')), 'etc')
  cpSync('/etc', etc, { recursive: true, verbatimSymlinks: true })
  const file = join(etc, 'resolv.conf')
  const say = (server: string) => `nameserver ${server}\n`
  execFileSync('chmod', ['755', etc])
  execFileSync('rm', ['-f', file])
  writeFileSync(file, say('127.0.0.71'), { mode: 0o644 })
  const { uid, gid } = world.ids
  const inside = (...args: string[]) =>
    finish(
      spawn(
        'unshare',
        [
          ...['--mount', 'sh', '-c', 'mount --bind "$0" /etc && exec setpriv "$@"', etc],
          ...[
            '--reuid',
            `${uid}`,
            '--regid',
            `${gid}`,
            '--clear-groups',
            inject('program'),
            ...args,
          ],
        ],
        { env: world.env, cwd: world.home, stdio: 'pipe' },
      ),
    )
  const ask = async (container: string, server: string) => {
    const { stdout } = await lighter('exec', container, 'nslookup', 'example.test', server)
    return stdout.split('\n').slice(3).join('\n')
  }
  /** On a network with names, and on the default one. */
  const bothSay = async (address: string) => {
    await until(
      async () => (await ask('named', '127.0.0.11')).includes(address),
      `named: ${address}`,
    )
    await until(async () => (await ask('plain', '10.0.2.3')).includes(address), `plain: ${address}`)
  }
  try {
    for (const options of [['named', '--network', 'site'], ['plain']])
      expect(await inside('run', '-d', '--name', ...options, image, 'sleep', '1000')).toMatchObject(
        works,
      )
    await bothSay('192.0.2.71')
    writeFileSync(file, say('127.0.0.72'))
    await bothSay('192.0.2.72')
    writeFileSync(`${file}.new`, say('127.0.0.71'), { mode: 0o644 })
    renameSync(`${file}.new`, file)
    await bothSay('192.0.2.71')
    // Its successor is started by a monitor.
    await killAll(pidsOf('names'))
    await bothSay('192.0.2.71')
    writeFileSync(file, say('127.0.0.72'))
    await bothSay('192.0.2.72')
  } finally {
    for (const stop of stops) stop()
    await lighter('rm', '-f', 'named', 'plain')
  }
})
