import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { processesOf } from '../helpers/leftovers.ts'
import { makeOtherHost, type OtherHost } from '../helpers/other-host.ts'
import { until } from '../helpers/until.ts'
import { serveOutside, uplinks } from '../helpers/uplinks.ts'
import { finish, makeWorld, testUser, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox:latest`
const works = { exitCode: 0, stderr: '' }

let other: OtherHost
let server: ChildProcess

beforeAll(() => {
  other = makeOtherHost()
  server = serveOutside(other)
})
afterAll(() => {
  server?.kill()
  other?.remove()
})

describe('a way out of its own', () => {
  let world: World
  beforeAll(async () => {
    world = makeWorld('private')
    await world.lighter(['pull', '-q', image])
  })
  afterAll(() => world.remove())

  test.each(['slirp4netns', 'pasta'])('--network %s', async (network) => {
    // What is not reached at all is not to hang.
    const url = (address: string) => `timeout 25 wget -qO- http://${address}/`
    const script = `${url(other.address)} && ${url(`[${other.address6}]`)} && cat /etc/hosts`
    const outcome = await world.lighter([
      'run',
      '--rm',
      '--network',
      network,
      image,
      'sh',
      '-c',
      script,
    ])
    expect(outcome).toMatchObject(works)
    expect(outcome.stdout).toMatch(/^outside\noutside\n[\s\S]*^10\.0\.2\.100\t/m)
    await until(() => uplinks().length === 0, 'the uplink ends')
  })

  // The kernel says something about a new link for two seconds: a pasta of 2023 takes that for the container's address.
  test.each(['slirp4netns', 'pasta'])(
    'by %s what is open while the link is new goes on',
    async (network) => {
      const count = 30
      const urls = [other.address, `[${other.address6}]`].map(
        (host) => `http://${host}/cgi-bin/slowly`,
      )
      const script = urls.map((url) => `timeout 50 wget -qO- ${url} | wc -l`).join(' & ')
      const run = ['run', '--rm', '--network', network, image, 'sh', '-c', `${script} & wait`]
      expect(await world.lighter(run)).toEqual({ ...works, stdout: `${count}\n${count}\n` })
      await until(() => uplinks().length === 0, 'the uplink ends')
    },
  )

  // Two packets fit into what slirp4netns has on its way: with one of full size both ends wait for each other.
  test.each([
    ['slirp4netns', /^default via \S+ dev tap0 .*mtu 32800\b/m],
    ['pasta', /^default via \S+ dev tap0(?!.*mtu)/m],
  ])('the size of what leaves by %s', async (network, route) => {
    const run = ['run', '-d', '--name', 'sized', '--network', network, image, 'sleep', '1000']
    expect(await world.lighter(run)).toMatchObject(works)
    const pid = (await world.lighter(['inspect', '-f', '{{.State.Pid}}', 'sized'])).stdout.trim()
    const ip = (...args: string[]) =>
      execFileSync('nsenter', [`--net=/proc/${pid}/ns/net`, 'ip', ...args], { encoding: 'utf8' })
    const routes = ip('route')
    expect(routes).toMatch(route)
    expect(routes.match(/^default/gm)).toHaveLength(1)
    expect(ip('link', 'show', 'tap0')).toContain('mtu 65520')
    expect(await world.lighter(['rm', '-f', 'sized'])).toMatchObject(works)
    await until(() => uplinks().length === 0, 'the uplink ends')
  })

  test.each([
    ['-p', '8080:80', 'port publishing'],
    ['-P', '-q', 'port publishing'],
    ['--ip', '10.0.2.7', 'IP addresses'],
    ['--mac-address', '02:00:00:00:00:01', 'mac-address'],
  ])('an uplink of its own and %s %s', async (flag, value, what) => {
    expect(
      await world.lighter(['create', '--network', 'slirp4netns', flag, value, image]),
    ).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(
        `conflicting options: ${what} and the network mode slirp4netns`,
      ),
    })
  })

  test.each(['slirp4netns', 'pasta'])('no network can be called %s', async (name) => {
    expect(await world.lighter(['network', 'create', name])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(`operation is not permitted on predefined ${name} network`),
    })
  })
})

describe('the choice', () => {
  let world: World
  beforeAll(async () => {
    world = makeWorld('choice')
    await world.lighter(['pull', '-q', image])
  })
  afterAll(() => world.remove())

  const configure = (text: string) => {
    const directory = join(world.home, '.config/lighter')
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, 'config.json'), text)
  }
  const running = async () => {
    await world.lighter(['run', '-d', '--name', 'box', image, 'sleep', '1000'])
    const lines = processesOf(testUser()).filter((line) => /slirp4netns|pasta/.test(line))
    await world.lighter(['rm', '-f', 'box'])
    await until(() => uplinks().length === 0, 'the uplink ends')
    return lines
  }

  test('is in config.json, and LIGHTER_UPLINK goes before it', async () => {
    configure('{"uplink":"pasta"}')
    expect(await running()).toEqual([expect.stringContaining('pasta')])
    const old = execFileSync('pasta', ['--version'], { encoding: 'utf8' })
    const told = old.startsWith('pasta unknown version')
      ? /^limited +pasta +this pasta .* half closed never ends; with LIGHTER_UPLINK=slirp4netns/m
      : /^ok +pasta +\/\S+$/m
    expect((await world.lighter(['doctor'])).stdout).toMatch(told)
    world.env.LIGHTER_UPLINK = 'slirp4netns'
    expect(await running()).toEqual([expect.stringContaining('slirp4netns')])
    delete world.env.LIGHTER_UPLINK
  })

  test('of something unknown is one sentence', async () => {
    configure('{"uplink":"vpnkit"}')
    const outcome = await world.lighter(['run', '--rm', image, 'true'])
    expect(outcome.exitCode).toBe(125)
    expect(outcome.stderr).toContain('No such uplink: "vpnkit" (slirp4netns, pasta)')
  })

  test('of pasta where it is not installed is one sentence, and no container stays', async () => {
    configure('{"uplink":"pasta"}')
    const { uid, gid } = world.ids
    const user = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups']
    const pasta = execFileSync('sh', ['-c', 'readlink -f "$(command -v pasta)"']).toString().trim()
    const hide = 'mount --bind /dev/null "$0" && exec "$@"'
    const command = [...user, inject('program'), 'run', '--rm', image, 'true']
    const outcome = await finish(
      spawn('unshare', ['--mount', 'sh', '-c', hide, pasta, ...command], {
        env: world.env,
        cwd: world.home,
        stdio: 'pipe',
      }),
    )
    expect(outcome.exitCode).toBe(125)
    expect(outcome.stderr).toContain('pasta is not installed (the package passt has it)')
    expect((await world.lighter(['ps', '-aq'])).stdout).toBe('')
  })
})

test('a name server that cannot be had is tried again, until it is there', async () => {
  const world = makeWorld('retry')
  const kinds = (kind: string) =>
    processesOf(testUser()).filter((line) => line.endsWith(` lighter-native ${kind}`))
  await world.lighter(['pull', '-q', image])
  await world.lighter(['network', 'create', 'net'])
  await world.lighter(['run', '-d', '--name', 'box', '--network', 'net', image, 'sleep', '1000'])
  const lock = join(world.sockets, 'names.lock')
  // Whoever starts the next one needs this file, and cannot open a directory for writing.
  execFileSync('sh', ['-c', 'rm "$0" && mkdir "$0"', lock])
  const [line = ''] = kinds('names')
  process.kill(Number.parseInt(line, 10), 'SIGKILL')
  await until(() => kinds('names').length === 0, 'the end of the name server')
  // Some tries; none can be seen.
  await sleep(500)
  expect(kinds('names')).toEqual([])
  execFileSync('rmdir', [lock])
  await until(() => kinds('names').length === 1, 'a name server')
  // It is there before it answers.
  await until(async () => {
    const asked = await world.lighter(['exec', 'box', 'nslookup', 'box', '127.0.0.11'])
    return /Address.*172\./.test(asked.stdout)
  }, 'an answer')
  await world.remove()
})
