import { execFileSync, spawn } from 'node:child_process'
import { createPrivateKey, randomUUID, sign } from 'node:crypto'
import { mkdirSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inject } from 'vitest'
import { freePort } from './registry.ts'

export interface Server {
  host: string
  stop: () => Promise<void>
}

/** Starts one more docker-registry on the storage of the test images, with a configuration of its own. */
export async function startRegistryWith(settings: string, http = ''): Promise<Server> {
  const directory = mkdtempSync(join(inject('work'), 'registry-'))
  const port = await freePort()
  const config = join(directory, 'config.yml')
  writeFileSync(
    config,
    `version: 0.1
log: { level: warn }
storage:
  filesystem: { rootdirectory: ${inject('registryStorage')} }
http:
  addr: "127.0.0.1:${port}"
${http}${settings}
`,
  )
  const log = openSync(join(directory, 'registry.log'), 'w')
  const child = spawn('docker-registry', ['serve', config], { stdio: ['ignore', log, log] })
  for (let attempt = 0; !(await accepts(port)); attempt++) {
    if (attempt > 1200 || child.exitCode !== null)
      throw new Error(readFileSync(join(directory, 'registry.log'), 'utf8'))
    await sleep(50)
  }
  const stop = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
  }
  return { host: `127.0.0.1:${port}`, stop }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => resolve(true))
    socket.on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}

export interface Authority {
  certificate: string
  /** For `127.0.0.1` and `registry.test`. */
  serverCertificate: string
  serverKey: string
}

/** Makes a certificate authority and a certificate of it. */
export function makeAuthority(): Authority {
  const directory = mkdtempSync(join(inject('work'), 'authority-'))
  const path = (name: string) => join(directory, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' })
  const key = ['-newkey', 'rsa:2048', '-nodes', '-days', '2']
  openssl(
    ...['req', '-x509', ...key, '-subj', '/CN=Test CA'],
    ...['-keyout', path('ca.key'), '-out', path('ca.crt')],
  )
  writeFileSync(path('names'), 'subjectAltName=IP:127.0.0.1,DNS:registry.test\n')
  openssl(
    ...['req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=registry.test'],
    ...['-keyout', path('server.key'), '-out', path('server.csr')],
  )
  openssl(
    ...['x509', '-req', '-days', '2', '-in', path('server.csr'), '-extfile', path('names')],
    ...['-CA', path('ca.crt'), '-CAkey', path('ca.key'), '-CAcreateserial'],
    ...['-out', path('server.crt')],
  )
  execFileSync('chmod', ['755', directory])
  execFileSync('chmod', ['644', path('ca.crt')])
  return {
    certificate: path('ca.crt'),
    serverCertificate: path('server.crt'),
    serverKey: path('server.key'),
  }
}

export interface TokenServer extends Server {
  seen: { authorization: string | undefined; query: URLSearchParams; form: URLSearchParams }[]
  /** Its section of the registry's configuration. */
  settings: string
}

/** A token server as distribution's specification describes it: one user, one refresh token. */
export async function startTokenServer(user: string, password: string): Promise<TokenServer> {
  const directory = mkdtempSync(join(inject('work'), 'token-'))
  const [key, certificate] = [join(directory, 'key'), join(directory, 'certificate')]
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=tokens'],
      ...['-keyout', key, '-out', certificate],
    ],
    { stdio: 'ignore' },
  )
  const basic = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  const seen: TokenServer['seen'] = []
  const server = createServer(async (request, response) => {
    const query = new URL(request.url ?? '', 'http://x').searchParams
    const form = new URLSearchParams(await readAll(request))
    const { authorization } = request.headers
    seen.push({ authorization, query, form })
    const known = authorization === basic || form.get('refresh_token') === `refresh-${password}`
    if (!known) return void response.writeHead(401).end('{"errors":[]}')
    const scopes = [...query.getAll('scope'), ...(form.get('scope') ?? '').split(' ')]
    const token = makeToken(readFileSync(key), readFileSync(certificate, 'utf8'), scopes)
    const answer = form.has('grant_type') ? { access_token: token } : { token }
    const lasting = query.has('offline_token') ? { refresh_token: `refresh-${password}` } : {}
    response.end(JSON.stringify({ ...answer, ...lasting }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const settings = `auth:
  token: { realm: "http://${host}/token", service: tests, issuer: tokens, rootcertbundle: ${certificate} }`
  return { host, seen, settings, stop: () => closeServer(server) }
}

function makeToken(key: Buffer, certificate: string, scopes: string[]): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const access = scopes.filter(Boolean).map((scope) => {
    const [type, name, actions = ''] = scope.split(':')
    return { type, name, actions: actions.split(',') }
  })
  const now = Math.floor(Date.now() / 1000)
  const x5c = [certificate.replace(/-----[^-]+-----|\s/g, '')]
  const claims = {
    ...{ iss: 'tokens', sub: 'user', aud: 'tests', exp: now + 300, nbf: now - 10, iat: now },
    jti: randomUUID(),
    access,
  }
  const text = `${encode({ typ: 'JWT', alg: 'RS256', x5c })}.${encode(claims)}`
  const signature = sign('sha256', Buffer.from(text), createPrivateKey(key))
  return `${text}.${signature.toString('base64url')}`
}

async function readAll(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += chunk
  return text
}

/** A proxy that knows `CONNECT` and leads everything to one place; `asked` is what it was asked for. */
export async function startProxy(target: string): Promise<Server & { asked: string[] }> {
  const asked: string[] = []
  const [hostname = '', port] = target.split(':')
  const server = createServer((_request, response) => response.writeHead(501).end())
  server.on('connect', (request, socket, head) => {
    asked.push(request.url ?? '')
    const onward = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      onward.write(head)
      onward.pipe(socket)
      socket.pipe(onward)
    })
    onward.on('error', () => socket.destroy())
    socket.on('error', () => onward.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port: own } = server.address() as AddressInfo
  return { host: `127.0.0.1:${own}`, asked, stop: () => closeServer(server) }
}

function closeServer(server: ReturnType<typeof createServer>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
    // Tunnels are not the server's any more: it need not wait for them.
    setTimeout(resolve, 500).unref()
  })
}

/** Perl is a part of every Debian, and its crypt(3) knows the one hash that docker-registry takes. */
export const bcrypt = (password: string): string =>
  execFileSync('perl', ['-e', 'print crypt($ARGV[0], q($2y$05$).q(a)x22)', password], {
    encoding: 'utf8',
  })

/** Writes a file below a user's home, as that user's. */
export function writeAs(
  ids: { uid: number; gid: number },
  path: string,
  content: string | Buffer,
  mode = 0o600,
): void {
  const directory = join(path, '..')
  mkdirSync(directory, { recursive: true })
  writeFileSync(path, content, { mode })
  execFileSync('chown', ['-R', `${ids.uid}:${ids.gid}`, directory])
}
