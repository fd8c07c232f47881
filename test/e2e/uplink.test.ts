import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { processesOf } from '../helpers/leftovers.ts'
import { startNameServer } from '../helpers/name-server.ts'
import { makeOtherHost, type OtherHost } from '../helpers/other-host.ts'
import { until, untilDead } from '../helpers/until.ts'
import { finish, makeWorld, type Outcome, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox:latest`
const debian = `${inject('registry')}/debian:bookworm`
const works = { exitCode: 0, stderr: '' }

let other: OtherHost
let server: ChildProcess

beforeAll(() => {
  other = makeOtherHost()
  const files = mkdtempSync(join(inject('work'), 'files-'))
  writeFileSync(join(files, 'index.html'), 'outside\n')
  const [program = '', ...args] = [
    ...other.enter,
    'busybox',
    'httpd',
    '-f',
    '-p',
    '80',
    '-h',
    files,
  ]
  server = spawn(program, args, { stdio: 'ignore' })
})
afterAll(() => {
  server?.kill()
  other?.remove()
})

/**
 * Not as the container's first process, which no signal ends. What must not answer is waited for shortly, what must answer for as long as a busy machine takes.
 */
const fetch = (url: string, seconds = 3) => [
  'sh',
  '-c',
  `timeout ${seconds} wget -qO- ${url}; exit $?`,
]

/** The user's processes that are a way out. */
const uplinks = (): number[] =>
  processesOf(inject('user'))
    .filter((line) => /slirp4netns|pasta/.test(line))
    .map((line) => Number.parseInt(line, 10))

/** Servers on the loopback of this machine alone, on a port of both families. */
async function startSecret(): Promise<{ port: number; stop: () => void }> {
  const four = createServer((_, response) => response.end('secret\n'))
  await new Promise<void>((resolve) => four.listen(0, '127.0.0.1', () => resolve()))
  const { port } = four.address() as AddressInfo
  const six = createServer((_, response) => response.end('secret\n'))
  await new Promise<void>((resolve) => six.listen(port, '::1', () => resolve()))
  return {
    port,
    stop: () => {
      four.close()
      six.close()
    },
  }
}

describe.each(['slirp4netns', 'pasta'])('with %s', (uplink) => {
  let world: World
  const lighter = (...args: string[]) => world.lighter(args)
  const run = (...args: string[]) => lighter('run', '--rm', ...args)

  beforeAll(async () => {
    world = makeWorld(uplink)
    world.env.LIGHTER_UPLINK = uplink
    await lighter('pull', '-q', image)
    await lighter('pull', '-q', debian)
    for (const [name = '', subnet = '', ...options] of [
      ['six', 'fd00:a::/64'],
      ['more', 'fd00::/64'],
      ['inner', 'fd00:c::/64', '--internal'],
    ])
      expect(
        await lighter('network', 'create', '--ipv6', '--subnet', subnet, ...options, name),
      ).toMatchObject(works)
  })
  afterAll(() => world.remove())

  test('all containers have one way out, which goes with the last of them', async () => {
    await lighter('run', '-d', '--name', 'one', image, 'sleep', '1000')
    await lighter('run', '-d', '--name', 'two', '--network', 'six', image, 'sleep', '1000')
    for (const name of ['one', 'two']) {
      const out = await lighter('exec', name, ...fetch(`http://${other.address}/`, 30))
      expect({ name, ...out }).toMatchObject({ name, ...works, stdout: 'outside\n' })
    }
    expect(uplinks()).toHaveLength(1)
    expect(processesOf(inject('user')).join('\n')).toContain(uplink)
    await lighter('rm', '-f', 'one')
    expect(uplinks()).toHaveLength(1)
    await lighter('rm', '-f', 'two')
    await until(() => uplinks().length === 0, 'the uplink ends')
  })

  test('networks with IPv6 reach the outside over it', async () => {
    for (const network of ['six', 'more']) {
      const out = await run(
        '--network',
        network,
        image,
        ...fetch(`http://[${other.address6}]/`, 30),
      )
      expect({ network, ...out }).toMatchObject({ network, ...works, stdout: 'outside\n' })
    }
  })

  test('over IPv6, too, nothing leads from one network to another, nor out of an internal one', async () => {
    const serve = 'echo mine >/tmp/index.html; exec busybox httpd -f -p 80 -h /tmp'
    const start = (name: string, network: string) =>
      lighter('run', '-d', '--name', name, '--network', network, image, 'sh', '-c', serve)
    for (const network of ['six', 'inner'])
      expect(await start(network, network)).toMatchObject(works)
    const addressOf = async (name: string) => {
      const format = '{{range .NetworkSettings.Networks}}{{.GlobalIPv6Address}}{{end}}'
      return (await lighter('inspect', '-f', format, name)).stdout.trim()
    }
    const ask = async (network: string, address: string) =>
      (await run('--network', network, image, ...fetch(`http://[${address}]/`))).stdout
    expect(await ask('six', await addressOf('six'))).toBe('mine\n')
    expect(await ask('inner', await addressOf('inner'))).toBe('mine\n')
    expect(await ask('more', await addressOf('six'))).toBe('')
    expect(await ask('more', await addressOf('inner'))).toBe('')
    expect(await ask('inner', await addressOf('six'))).toBe('')
    expect(await ask('inner', other.address6)).toBe('')
    await lighter('rm', '-f', 'six', 'inner')
  })

  test("the host's loopback cannot be reached, its other addresses can", async () => {
    const secret = await startSecret()
    try {
      for (const address of ['10.0.2.2', '10.0.2.100', '[fd00::2]', '[fd5d:a1c0:7e42::100]']) {
        const url = `http://${address}:${secret.port}/`
        const { stdout } = await run('--network', 'six', image, ...fetch(url))
        expect({ url, stdout }).toMatchObject({ stdout: expect.not.stringContaining('secret') })
      }
    } finally {
      secret.stop()
    }
    const open = createServer((_, response) => response.end('host\n'))
    await new Promise<void>((resolve) => open.listen(0, '0.0.0.0', () => resolve()))
    const { port } = open.address() as AddressInfo
    const named = ['--add-host', 'host.docker.internal:host-gateway']
    const url = `http://host.docker.internal:${port}/`
    const fetched = await run(...named, image, ...fetch(url, 30))
    open.close()
    expect(fetched).toMatchObject({ ...works, stdout: 'host\n' })
  })

  test('a published port shows the address of its client', async () => {
    const serve = 'echo mine >/tmp/index.html; exec busybox httpd -f -vv -p 80 -h /tmp'
    const published = ['--name', 'web', '-p', '80', image, 'sh', '-c', serve]
    expect(await lighter('run', '-d', ...published)).toMatchObject(works)
    const port = (await lighter('port', 'web', '80')).stdout.split('\n')[0]?.split(':')[1]
    const [program = '', ...enter] = other.enter
    const asked = [...enter, 'busybox', 'wget', '-qO-', `http://${other.here}:${port}/`]
    expect(execFileSync(program, asked, { encoding: 'utf8' })).toBe('mine\n')
    const { stdout, stderr } = await lighter('logs', 'web')
    expect(stdout + stderr).toContain(`[::ffff:${other.address}]`)
    await lighter('rm', '-f', 'web')
  })

  test('one that dies again and again is back again and again, without a command', async () => {
    await lighter('run', '-d', '--name', 'box', '--network', 'six', image, 'sleep', '1000')
    try {
      for (let death = 1; death <= 4; death++) {
        const [pid = 0] = uplinks()
        expect(pid).toBeGreaterThan(0)
        process.kill(pid, 'SIGKILL')
        await untilDead(pid)
        for (const address of [other.address, `[${other.address6}]`])
          await until(async () => {
            const url = `http://${address}/`
            const { stdout } = await lighter('exec', 'box', 'timeout', '1', 'wget', '-qO-', url)
            return stdout === 'outside\n'
          }, `a way out to ${address} after death ${death}`)
        expect(uplinks()).toHaveLength(1)
      }
    } finally {
      await lighter('rm', '-f', 'box')
    }
  })

  /** A host with these resolvers. */
  function withResolvers(...servers: string[]): (...args: string[]) => Promise<Outcome> {
    const file = join(mkdtempSync(join(inject('work'), 'resolv-')), 'resolv.conf')
    const lines = servers.map((server) => `nameserver ${server}\n`)
    writeFileSync(file, lines.join(''), { mode: 0o644 })
    const { uid, gid } = world.ids
    const user = ['setpriv', '--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups']
    const hide = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
    return (...args) =>
      finish(
        spawn('unshare', ['--mount', 'sh', '-c', hide, file, ...user, inject('program'), ...args], {
          env: world.env,
          cwd: world.home,
          stdio: 'pipe',
        }),
      )
  }

  test('info warns of the pasta that leaves half-closed connections open', async () => {
    const old = (await world.run('pasta', ['--version'])).stdout.startsWith('pasta unknown version')
    const { stderr } = await lighter('info')
    expect(stderr.includes('half closed never ends')).toBe(uplink === 'pasta' && old)
  })

  // The uplink asks the first one only.
  test('names are asked of the other resolvers of the host where the first is silent', async () => {
    const stop = await startNameServer(other.here, '192.0.2.54')
    const inside = withResolvers('127.0.0.54', other.here)
    try {
      for (const network of ['bridge', 'six', 'slirp4netns', 'pasta']) {
        await until(() => uplinks().length === 0, 'no uplink')
        const asked = ['--network', network, debian, 'getent', 'ahostsv4', 'example.test']
        expect({ network, ...(await inside('run', '--rm', ...asked)) }).toMatchObject({
          network,
          stdout: expect.stringContaining('192.0.2.54'),
        })
      }
    } finally {
      stop()
    }
  })

  test('an answer that is too long for UDP comes over TCP', async () => {
    const stop = await startNameServer('127.0.0.53', '192.0.2.55', { truncated: true })
    const inside = withResolvers('127.0.0.53')
    // On a network with names our own server asks. pasta of 2023 (Debian 12) passes names on over UDP alone.
    const ways = uplink === 'pasta' ? ['six', 'slirp4netns'] : ['bridge', 'six', 'slirp4netns']
    try {
      for (const network of ways) {
        await until(() => uplinks().length === 0, 'no uplink')
        const asked = ['--network', network, debian, 'getent', 'ahostsv4', 'example.test']
        expect({ network, ...(await inside('run', '--rm', ...asked)) }).toMatchObject({
          network,
          stdout: expect.stringContaining('192.0.2.55'),
        })
      }
    } finally {
      stop()
    }
  })

  test("names are asked of the host's resolver, be it on its loopback", async () => {
    const stop = await startNameServer('127.0.0.53', '192.0.2.53')
    const inside = withResolvers('127.0.0.53')
    try {
      for (const network of ['bridge', 'six', 'slirp4netns', 'pasta']) {
        await until(() => uplinks().length === 0, 'no uplink')
        const asked = ['--network', network, image, 'nslookup', 'example.test']
        const { stdout } = await inside('run', '--rm', ...asked)
        expect({ network, stdout }).toMatchObject({
          stdout: expect.stringContaining('192.0.2.53'),
        })
      }
    } finally {
      stop()
    }
  })
})

describe('a way out of its own', () => {
  let world: World
  beforeAll(async () => {
    world = makeWorld('private')
    await world.lighter(['pull', '-q', image])
  })
  afterAll(() => world.remove())

  test.each(['slirp4netns', 'pasta'])('--network %s', async (network) => {
    const url = (address: string) => `timeout 3 wget -qO- http://${address}/`
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
    const lines = processesOf(inject('user')).filter((line) => /slirp4netns|pasta/.test(line))
    await world.lighter(['rm', '-f', 'box'])
    await until(() => uplinks().length === 0, 'the uplink ends')
    return lines
  }

  test('is in config.json, and LIGHTER_UPLINK goes before it', async () => {
    configure('{"uplink":"pasta"}')
    expect(await running()).toEqual([expect.stringContaining('pasta')])
    expect((await world.lighter(['doctor'])).stdout).toMatch(/^ok +pasta +\/\S+$/m)
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
    processesOf(inject('user')).filter((line) => line.endsWith(` lighter-native ${kind}`))
  await world.lighter(['pull', '-q', image])
  await world.lighter(['network', 'create', 'net'])
  await world.lighter(['run', '-d', '--name', 'box', '--network', 'net', image, 'sleep', '1000'])
  const lock = join(world.sockets, 'names.lock')
  // Whoever starts the next one needs this file, and cannot open a directory for writing.
  execFileSync('sh', ['-c', 'rm "$0" && mkdir "$0"', lock])
  const [line = ''] = kinds('names')
  process.kill(Number.parseInt(line, 10), 'SIGKILL')
  await sleep(500)
  expect(kinds('names')).toEqual([])
  execFileSync('rmdir', [lock])
  await until(() => kinds('names').length === 1, 'a name server')
  const asked = await world.lighter(['exec', 'box', 'nslookup', 'box', '127.0.0.11'])
  expect(asked.stdout).toMatch(/Address.*172\./)
  await world.remove()
})
