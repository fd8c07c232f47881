import { type ChildProcess, execFileSync } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { processesOf } from '../helpers/leftovers.ts'
import { makeOtherHost, type OtherHost } from '../helpers/other-host.ts'
import { until, untilDead } from '../helpers/until.ts'
import { serveOutside, uplinks } from '../helpers/uplinks.ts'
import { makeWorld, testUser, type World } from '../helpers/world.ts'

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

/**
 * Not as the container's first process, which no signal ends. What must not answer is waited for shortly, what must answer for as long as a busy machine takes.
 */
const fetch = (url: string, seconds = 3) => [
  'sh',
  '-c',
  `timeout ${seconds} wget -qO- ${url}; exit $?`,
]

/** What starts it in the background may end behind it. */
const untilOne = () => until(() => uplinks().length === 1, 'one way out')

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
    await untilOne()
    expect(processesOf(testUser()).join('\n')).toContain(uplink)
    await lighter('rm', '-f', 'one')
    await untilOne()
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
    const [six, inner] = [await addressOf('six'), await addressOf('inner')]
    const asked = [
      ask('more', six),
      ask('more', inner),
      ask('inner', six),
      ask('inner', other.address6),
    ]
    expect(await Promise.all(asked)).toEqual(['', '', '', ''])
    await lighter('rm', '-f', 'six', 'inner')
  })

  test("the host's loopback cannot be reached, its other addresses can", async () => {
    const secret = await startSecret()
    try {
      const addresses = ['10.0.2.2', '10.0.2.100', '[fd00::2]', '[fd5d:a1c0:7e42::100]']
      const urls = addresses.map((address) => `http://${address}:${secret.port}/`)
      const said = urls.map((url) => run('--network', 'six', image, ...fetch(url)))
      for (const [index, { stdout }] of (await Promise.all(said)).entries())
        expect(stdout, urls[index]).not.toContain('secret')
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
        await untilOne()
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
        await untilOne()
      }
    } finally {
      await lighter('rm', '-f', 'box')
    }
  })

  test('info warns of the pasta that leaves half-closed connections open', async () => {
    const old = (await world.run('pasta', ['--version'])).stdout.startsWith('pasta unknown version')
    const { stderr } = await lighter('info')
    expect(stderr.includes('half closed never ends')).toBe(uplink === 'pasta' && old)
  })
})
