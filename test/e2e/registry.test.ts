import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { isBlob, startFront } from '../helpers/front.ts'
import {
  bcrypt,
  makeAuthority,
  type Server,
  startProxy,
  startRegistryWith,
  startTokenServer,
  writeAs,
} from '../helpers/registries.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const PASSWORD = 'correct horse: battery/staple'

let world: World
let servers: Server[] = []

beforeEach(() => {
  world = makeWorld('registry')
})

afterEach(async () => {
  for (const server of servers.reverse()) await server.stop()
  servers = []
  await world.remove()
})

function running<Kind extends Server>(server: Kind): Kind {
  servers.push(server)
  return server
}

const pull = (host: string, env: Record<string, string> = {}) =>
  world.lighter(['--debug', 'pull', '-q', `${host}/busybox`], { env })
const worked = { exitCode: 0, stderr: '' }

const writeConfig = (config: unknown) =>
  writeAs(world.ids, join(world.home, '.docker/config.json'), JSON.stringify(config))
const basicAuth = (user: string, password: string) =>
  Buffer.from(`${user}:${password}`).toString('base64')
const login = (host: string, password = PASSWORD) =>
  writeConfig({ auths: { [host]: { auth: basicAuth('tester', password) } } })

/** What helps nobody but a thief must not be shown, not even with `--debug`. */
function expectNoSecrets(text: string): void {
  for (const secret of [PASSWORD, basicAuth('tester', PASSWORD), 'eyJ']) {
    expect(text).not.toContain(secret)
  }
}

describe('a registry with passwords', () => {
  let host = ''
  beforeEach(async () => {
    const file = join(world.home, 'htpasswd')
    writeFileSync(file, `tester:${bcrypt(PASSWORD)}\n`)
    const settings = `auth:\n  htpasswd: { realm: tests, path: ${file} }`
    host = running(await startRegistryWith(settings)).host
  })

  test('password in the configuration', async () => {
    login(host)
    expect(await pull(host)).toMatchObject(worked)
  })

  test('DOCKER_CONFIG, and credentials without base64', async () => {
    const directory = join(world.home, 'elsewhere')
    const auths = { [`https://${host}/v2/`]: { username: 'tester', password: PASSWORD } }
    writeAs(world.ids, join(directory, 'config.json'), JSON.stringify({ auths }))
    expect(await pull(host, { DOCKER_CONFIG: directory })).toMatchObject(worked)
  })

  test('from a credential helper, which gets the name on its standard input', async () => {
    const bin = join(world.home, 'bin')
    const answer = JSON.stringify({ ServerURL: host, Username: 'tester', Secret: PASSWORD })
    const script = `#!/bin/sh\ncat >${world.home}/bin/asked\necho "$@" >${world.home}/bin/args\ncat <<'E'\n${answer}\nE\n`
    writeAs(world.ids, join(bin, 'docker-credential-test'), script, 0o755)
    writeConfig({ credHelpers: { [host]: 'test' } })
    expect(await pull(host, { PATH: `${bin}:${world.env.PATH}` })).toMatchObject(worked)
    expect(readFileSync(join(bin, 'asked'), 'utf8').trim()).toBe(host)
    expect(readFileSync(join(bin, 'args'), 'utf8')).toBe('get\n')
  })

  test('a helper that is not there', async () => {
    writeConfig({ credsStore: 'missing' })
    const begin = Date.now()
    const outcome = await pull(host)
    expect(outcome.exitCode).toBe(1)
    expect(outcome.stderr).toContain(
      'error getting credentials - err: exec: "docker-credential-missing": executable file not found in $PATH, out: ``\n',
    )
    expect(Date.now() - begin).toBeLessThan(30_000)
  })

  test('nobody else gets it, whatever he asks for', async () => {
    const thief = running(
      await startFront(host, (_request, response) => {
        const realm = `Bearer realm="http://${thief.host}/token",service="x"`
        response.writeHead(401, { 'www-authenticate': realm }).end()
      }),
    )
    const front = running(
      await startFront(host, (request, response, forward) => {
        if (!isBlob(request)) return forward()
        response.writeHead(307, { location: `http://${thief.host}${request.url}` }).end()
      }),
    )
    login(front.host)
    expect((await pull(front.host)).exitCode).toBe(1)
    expect(thief.seen.length).toBeGreaterThan(0)
    expect(thief.seen.filter(({ path }) => path.startsWith('/token'))).toEqual([])
    expect(thief.seen.filter(({ authorization }) => authorization)).toEqual([])
  })

  test('wrong password, no password', async () => {
    const without = await pull(host)
    expect(without.stderr).toContain('no basic auth credentials')
    login(host, 'wrong')
    const wrong = await pull(host)
    expect(wrong.exitCode).toBe(1)
    expect(wrong.stderr).toMatch(/unauthorized: authentication required/)
    expect(wrong.stderr).not.toContain(basicAuth('tester', 'wrong'))
  })
})

describe('a registry with tokens', () => {
  test('a password is changed for a token', async () => {
    const tokens = running(await startTokenServer('tester', PASSWORD))
    const { host } = running(await startRegistryWith(tokens.settings))
    login(host)
    expect(await pull(host)).toMatchObject(worked)
    expect(tokens.seen[0]?.query.get('scope')).toBe('repository:busybox:pull')
    expect(tokens.seen[0]?.query.get('service')).toBe('tests')
  })

  test('so is an identity token', async () => {
    const tokens = running(await startTokenServer('tester', PASSWORD))
    const { host } = running(await startRegistryWith(tokens.settings))
    writeConfig({ auths: { [host]: { identitytoken: `refresh-${PASSWORD}` } } })
    expect(await pull(host)).toMatchObject(worked)
    expect(tokens.seen[0]?.form.get('grant_type')).toBe('refresh_token')
  })

  test('a token that ended is replaced in the middle', async () => {
    const tokens = running(await startTokenServer('tester', PASSWORD))
    const behind = running(await startRegistryWith(tokens.settings))
    const realm = `http://${tokens.host}/token`
    let refused = false
    const front = await startFront(behind.host, (request, response, forward) => {
      if (!isBlob(request) || refused) return forward()
      refused = true
      const challenge = `Bearer realm="${realm}",service="tests",scope="repository:busybox:pull",error="invalid_token"`
      response.writeHead(401, { 'www-authenticate': challenge }).end()
    })
    running(front)
    login(front.host)
    expect(await pull(front.host)).toMatchObject(worked)
    expect(refused).toBe(true)
    expect(tokens.seen.length).toBe(2)
  })

  test('a wrong password ends in one sentence without secrets', async () => {
    const tokens = running(await startTokenServer('tester', 'another'))
    const { host } = running(await startRegistryWith(tokens.settings))
    login(host)
    const outcome = await pull(host)
    expect(outcome.exitCode).toBe(1)
    expect(outcome.stderr).toMatch(/gave no token: unexpected status code 401/)
    expectNoSecrets(outcome.stderr)
  })
})

describe('a registry with a certificate of a private authority', () => {
  const authority = makeAuthority()
  const tls = `  tls: { certificate: ${authority.serverCertificate}, key: ${authority.serverKey} }\n`

  test('unknown: refused', async () => {
    const { host } = running(await startRegistryWith('', tls))
    const outcome = await pull(host)
    expect(outcome.exitCode).toBe(1)
    expect(outcome.stderr).toMatch(/certificate/)
  })

  test('in certs.d', async () => {
    const { host } = running(await startRegistryWith('', tls))
    const file = join(world.home, '.config/docker/certs.d', host, 'ca.crt')
    writeAs(world.ids, file, readFileSync(authority.certificate))
    execFileSync('chown', ['-R', `${world.ids.uid}`, join(world.home, '.config')])
    expect(await pull(host)).toMatchObject(worked)
  })

  test.each(['docker', 'containers'])('that wants one of ours, in certs.d of %s', async (owner) => {
    const wants = `${tls.trimEnd().slice(0, -1)}, clientcas: ["${authority.certificate}"] }\n`
    const { host } = running(await startRegistryWith('', wants))
    const place = (name: string) => join(world.home, `.config/${owner}/certs.d`, host, name)
    writeAs(world.ids, place('ca.crt'), readFileSync(authority.certificate))
    const own = () => execFileSync('chown', ['-R', `${world.ids.uid}`, join(world.home, '.config')])
    own()
    expect((await pull(host)).exitCode).toBe(1)
    writeAs(world.ids, place('client.cert'), readFileSync(authority.serverCertificate))
    own()
    expect((await pull(host)).stderr).toContain(
      'missing key client.key for client certificate client.cert',
    )
    writeAs(world.ids, place('client.key'), readFileSync(authority.serverKey))
    own()
    expect(await pull(host)).toMatchObject(worked)
  })

  test('in SSL_CERT_FILE', async () => {
    const { host } = running(await startRegistryWith('', tls))
    expect(await pull(host, { SSL_CERT_FILE: authority.certificate })).toMatchObject(worked)
  })

  test('behind a proxy', async () => {
    const { host } = running(await startRegistryWith('', tls))
    const proxy = running(await startProxy(host))
    const env = { HTTPS_PROXY: `http://${proxy.host}`, SSL_CERT_FILE: authority.certificate }
    expect(await pull('registry.test', env)).toMatchObject(worked)
    expect(proxy.asked).toContain('registry.test:443')
  })
})

test('a registry on this machine is never asked for through a proxy', async () => {
  const proxy = running(await startProxy(inject('registry')))
  const url = `http://${proxy.host}`
  expect(await pull(inject('registry'), { HTTP_PROXY: url, HTTPS_PROXY: url })).toMatchObject(
    worked,
  )
  expect(proxy.asked).toEqual([])
})
