import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createServer } from 'node:tls'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { makeAuthority, startRegistryWith } from '../helpers/registries.ts'
import { freePort } from '../helpers/registry.ts'
import { makeWorld, type World } from '../helpers/world.ts'

/** What real proxies know this machine as: a name that nobody else can resolve. */
const NAME = 'registry.test'
const PASSWORD = 'pass.word'

let world: World
let directory = ''
const processes: ChildProcess[] = []
const ends: (() => unknown)[] = []
/** The same images with TLS and without, by the name that only proxies know. */
const registries = { tls: '', plain: '' }
let authority = { certificate: '', serverCertificate: '', serverKey: '' }
const ports = { http: 0, guarded: 0, socks: 0, tls: 0 }

beforeAll(async () => {
  world = makeWorld('proxy')
  directory = mkdtempSync(join(inject('work'), 'proxies-'))
  authority = makeAuthority()
  const { serverCertificate: certificate, serverKey: key } = authority
  const tls = await startRegistryWith('', `  tls: { certificate: ${certificate}, key: ${key} }\n`)
  const plain = await startRegistryWith('')
  ends.push(tls.stop, plain.stop)
  registries.tls = tls.host.replace('127.0.0.1', NAME)
  registries.plain = plain.host.replace('127.0.0.1', NAME)
  ports.http = await startTinyproxy('http', '')
  ports.guarded = await startTinyproxy('guarded', `BasicAuth tester ${PASSWORD}`)
  ports.socks = await freePort()
  await startWithNames(['microsocks', '-i', '127.0.0.1', '-p', String(ports.socks)], ports.socks)
  ports.tls = await startTlsBefore(ports.http)
})

afterAll(async () => {
  for (const end of ends) await end()
  for (const child of processes) child.kill('SIGKILL')
  await world.remove()
})

beforeEach(() => world.run('sh', ['-c', 'rm -rf ~/.config ~/.local']))

async function startTinyproxy(name: string, more: string): Promise<number> {
  const port = await freePort()
  const path = join(directory, `${name}.conf`)
  const log = join(directory, `${name}.log`)
  writeFileSync(
    path,
    `Port ${port}\nListen 127.0.0.1\nTimeout 60\nLogFile "${log}"\nLogLevel Connect\n${more}\n`,
  )
  await startWithNames(['tinyproxy', '-d', '-c', path], port)
  return port
}

/** In a mount namespace of its own, where the name is this machine. */
async function startWithNames(command: string[], port: number): Promise<void> {
  const hosts = join(directory, 'hosts')
  writeFileSync(hosts, `127.0.0.1 localhost ${NAME}\n`)
  const script = 'mount --bind "$0" /etc/hosts && exec "$@"'
  const child = spawn('unshare', ['-m', 'sh', '-c', script, hosts, ...command], { stdio: 'ignore' })
  processes.push(child)
  for (let attempt = 0; !(await accepts(port)); attempt++) {
    if (attempt > 400 || child.exitCode !== null) throw new Error(`${command[0]} does not start`)
    await sleep(25)
  }
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })

/** A proxy that is spoken to in TLS itself. */
async function startTlsBefore(port: number): Promise<number> {
  const cert = readFileSync(authority.serverCertificate)
  const server = createServer({ cert, key: readFileSync(authority.serverKey) }, (socket) => {
    const onward = connect(port, '127.0.0.1')
    socket.pipe(onward).pipe(socket)
    socket.on('error', () => onward.destroy())
    onward.on('error', () => socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => server.close())
  return (server.address() as AddressInfo).port
}

const pull = (host: string, env: Record<string, string>) =>
  world.lighter(['pull', '-q', `${host}/busybox`], {
    env: { SSL_CERT_FILE: authority.certificate, LIGHTER_REGISTRY_TIMEOUT: '20', ...env },
  })
const worked = { exitCode: 0, stderr: '' }
const log = (name: string): string => readFileSync(join(directory, `${name}.log`), 'utf8')

function callInsecure(host: string): Promise<unknown> {
  const text = `[[registry]]\nlocation = "${host}"\ninsecure = true\n`
  const script = 'mkdir -p ~/.config/containers && cat >~/.config/containers/registries.conf'
  return world.run('sh', ['-c', script], { input: text })
}

describe('a proxy for HTTP', () => {
  test('TLS goes through a tunnel', async () => {
    const env = { HTTPS_PROXY: `http://127.0.0.1:${ports.http}` }
    expect(await pull(registries.tls, env)).toMatchObject(worked)
    expect(log('http')).toContain(`CONNECT ${registries.tls} HTTP/1.1`)
  })

  test('what has no TLS is asked for there', async () => {
    await callInsecure(registries.plain)
    const url = `127.0.0.1:${ports.http}`
    expect(await pull(registries.plain, { http_proxy: url, https_proxy: url })).toMatchObject(
      worked,
    )
    expect(log('http')).toContain(`GET http://${registries.plain}/v2/`)
  })

  test('that wants a password', async () => {
    const password = PASSWORD.replace('.', '%2E')
    const env = { HTTPS_PROXY: `http://tester:${password}@127.0.0.1:${ports.guarded}` }
    expect(await pull(registries.tls, env)).toMatchObject(worked)
  })

  test('that gets none, or a wrong one', async () => {
    for (const user of ['', 'tester:wrong@']) {
      const outcome = await pull(registries.tls, {
        HTTPS_PROXY: `http://${user}127.0.0.1:${ports.guarded}`,
      })
      expect(outcome.exitCode).toBe(1)
      // tinyproxy answers a wrong password as it answers one who is not known.
      expect(outcome.stderr).toMatch(
        /^Error response from daemon: Get "https:\/\/registry\.test:\d+\/v2\/[^"]*": (Proxy Authentication Required|Unauthorized)\n$/,
      )
      expect(outcome.stderr).not.toContain('wrong')
    }
  })

  test('that speaks TLS itself', async () => {
    const env = { HTTPS_PROXY: `https://127.0.0.1:${ports.tls}` }
    expect(await pull(registries.tls, env)).toMatchObject(worked)
    const unknown = await pull(registries.tls, { ...env, SSL_CERT_FILE: '/etc/hostname' })
    expect(unknown.exitCode).toBe(1)
    expect(unknown.stderr).toContain('certificate signed by unknown authority')
  })

  test('that is not there', async () => {
    const port = await freePort()
    const outcome = await pull(registries.tls, { HTTPS_PROXY: `http://a:secret@127.0.0.1:${port}` })
    expect(outcome.exitCode).toBe(1)
    expect(outcome.stderr).toBe(
      `Error response from daemon: Get "https://${registries.tls}/v2/": proxyconnect tcp: dial tcp 127.0.0.1:${port}: connect: connection refused\n`,
    )
  })
})

describe('a proxy for SOCKS', () => {
  test.each(['socks5', 'socks5h'])('%s: names are its own', async (scheme) => {
    const env = { HTTPS_PROXY: `${scheme}://127.0.0.1:${ports.socks}` }
    expect(await pull(registries.tls, env)).toMatchObject(worked)
  })

  test('that is not there', async () => {
    const port = await freePort()
    const outcome = await pull(registries.tls, { HTTPS_PROXY: `socks5://127.0.0.1:${port}` })
    expect(outcome.exitCode).toBe(1)
    expect(outcome.stderr).toBe(
      `Error response from daemon: Get "https://${registries.tls}/v2/": socks connect tcp 127.0.0.1:${port}->${registries.tls}: dial tcp 127.0.0.1:${port}: connect: connection refused\n`,
    )
  })
})

test('NO_PROXY excepts a registry', async () => {
  const env = { HTTPS_PROXY: `http://127.0.0.1:${ports.http}`, NO_PROXY: 'other.test,.test' }
  const outcome = await pull(registries.tls, env)
  expect(outcome.exitCode).toBe(1)
  expect(outcome.stderr).toContain(`lookup ${NAME}: `)
})

test('a proxy of another kind is refused', async () => {
  const outcome = await pull(registries.tls, { HTTPS_PROXY: 'ftp://a:secret@127.0.0.1' })
  expect(outcome).toMatchObject({
    exitCode: 1,
    stderr: `Error response from daemon: Get "https://${registries.tls}/v2/": the value of https_proxy is not the address of a proxy\n`,
  })
})
