import { spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { startNameServer } from '../helpers/name-server.ts'
import { makeOtherHost, type OtherHost } from '../helpers/other-host.ts'
import { until } from '../helpers/until.ts'
import { uplinks } from '../helpers/uplinks.ts'
import { finish, makeWorld, type Outcome, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox:latest`
const debian = `${inject('registry')}/debian:bookworm`
const getent = ['getent', 'ahostsv4', 'example.test']
const works = { exitCode: 0, stderr: '' }

let other: OtherHost
beforeAll(() => {
  other = makeOtherHost()
})
afterAll(() => other?.remove())

describe.each(['slirp4netns', 'pasta'])('names with %s', (uplink) => {
  let world: World

  beforeAll(async () => {
    world = makeWorld(uplink)
    world.env.LIGHTER_UPLINK = uplink
    await world.lighter(['pull', '-q', image])
    await world.lighter(['pull', '-q', debian])
    const six = ['--ipv6', '--subnet', 'fd00:a::/64', 'six']
    expect(await world.lighter(['network', 'create', ...six])).toMatchObject(works)
  })
  afterAll(() => world.remove())

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

  // The uplink asks the first one only.
  test('names are asked of the other resolvers of the host where the first is silent', async () => {
    const stop = await startNameServer(other.here, '192.0.2.54')
    const inside = withResolvers('127.0.0.54', other.here)
    try {
      await until(() => uplinks().length === 0, 'no uplink')
      const networks = ['bridge', 'six', 'slirp4netns', 'pasta']
      const asked = networks.map(async (network) => ({
        network,
        ...(await inside('run', '--rm', '--network', network, debian, ...getent)),
      }))
      // All of them first wait in vain.
      for (const answer of await Promise.all(asked))
        expect(answer).toMatchObject({ stdout: expect.stringContaining('192.0.2.54') })
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
        const asked = ['--network', network, debian, ...getent]
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
