import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Dispatcher } from 'undici'
import { LighterError } from '../core/errors.ts'
import { proxyOptions } from './proxy.ts'

/** Milliseconds for a connection, for an answer to begin, and for more of it to come. */
const TIMEOUTS = { connect: 15_000, headers: 30_000, body: 30_000 }
/** `LIGHTER_REGISTRY_TIMEOUT`, in seconds, takes the place of all three: for slow links, and for tests. */
const MAX_TIMEOUT = 3600
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
]

/** Hosts whose certificates nobody has to vouch for. */
const blindlyTrusted = new Set<string>()

const dispatchers = new Map<string, Promise<Dispatcher>>()

/** Connections to one host, kept open between requests; with its own certificate authorities and the proxy. */
export function dispatcherFor(url: URL): Promise<Dispatcher> {
  const key = `${url.protocol}//${url.host}`
  let dispatcher = dispatchers.get(key)
  if (!dispatcher) {
    dispatcher = createDispatcher(url)
    dispatchers.set(key, dispatcher)
  }
  return dispatcher
}

/** From now on the certificate of a host is not looked at: the user has called it insecure. */
export const trustBlindly = (host: string): void => void blindlyTrusted.add(host)

/** Ends all connections: a command must not wait for those that are only kept open. */
export async function closeConnections(): Promise<void> {
  const open = [...dispatchers.values()]
  dispatchers.clear()
  for (const dispatcher of open) await (await dispatcher.catch(() => undefined))?.destroy()
}

async function createDispatcher(url: URL): Promise<Dispatcher> {
  const { Agent, EnvHttpProxyAgent, Pool } = await import('undici')
  const trust = blindlyTrusted.has(url.host) ? { rejectUnauthorized: false } : {}
  const tls =
    url.protocol === 'https:'
      ? { ca: await authorities(url.host), ...ownCertificate(url.host), ...trust }
      : {}
  const timeouts = readTimeouts(process.env.LIGHTER_REGISTRY_TIMEOUT)
  const common = {
    headersTimeout: timeouts.headers,
    bodyTimeout: timeouts.body,
    connect: { timeout: timeouts.connect, ...tls },
  }
  // Go's clients never ask a proxy for the machine itself, and neither do we.
  if (isLoopback(url.hostname)) return new Agent(common)
  const proxies = proxyOptions(process.env, url, Pool)
  // A proxy is nobody to whom we show ourselves, or whom we believe without a look.
  const proxyTls = { ca: await authorities(url.host) }
  return new EnvHttpProxyAgent({ ...common, ...proxies, requestTls: tls, proxyTls })
}

function readTimeouts(text: string | undefined): typeof TIMEOUTS {
  if (!text) return TIMEOUTS
  const seconds = Number(text)
  if (!(seconds > 0 && seconds <= MAX_TIMEOUT)) {
    const message = `LIGHTER_REGISTRY_TIMEOUT must be a number of seconds up to ${MAX_TIMEOUT}`
    throw new LighterError('bad-input', message)
  }
  const wait = seconds * 1000
  return { connect: wait, headers: wait, body: wait }
}

/** 127.0.0.0/8, ::1 and localhost: the registries that may be spoken to without TLS. */
export const isLoopback = (hostname: string): boolean =>
  /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(hostname)

/** Whether the user placed a certificate authority for this registry. */
export const hasOwnAuthority = (host: string): boolean =>
  certificateDirectories(host).some((directory) => existsSync(join(directory, 'ca.crt')))

async function authorities(host: string): Promise<string[]> {
  const system = process.env.SSL_CERT_FILE ?? SYSTEM_BUNDLES.find((path) => existsSync(path))
  const bundle = system ? readIfThere(system) : undefined
  const extra = process.env.NODE_EXTRA_CA_CERTS
  const own = certificateDirectories(host).flatMap((directory) =>
    listEnding(directory, '.crt').flatMap((name) => readIfThere(join(directory, name)) ?? []),
  )
  return [
    ...(bundle ? [bundle] : (await import('node:tls')).rootCertificates),
    ...(extra ? [readIfThere(extra) ?? ''] : []),
    ...own,
  ].filter((text) => text !== '')
}

/** What we show a registry of ourselves: the first `NAME.cert` with its `NAME.key`. Throws `host-setup` when one has none. */
function ownCertificate(host: string): { cert: string; key: string } | undefined {
  for (const directory of certificateDirectories(host)) {
    const [name] = listEnding(directory, '.cert')
    if (!name) continue
    const path = join(directory, name)
    const cert = readIfThere(path)
    const key = readIfThere(path.replace(/cert$/, 'key'))
    if (cert !== undefined && key !== undefined) return { cert, key }
    const missing = `${name.slice(0, -'.cert'.length)}.key`
    throw new LighterError(
      'host-setup',
      `missing key ${missing} for client certificate ${name} in ${directory}`,
    )
  }
  return undefined
}

/** Docker's places, those of its rootless kind, and those of containers-certs.d(5): the user's before the machine's. */
function certificateDirectories(host: string): string[] {
  const config = process.env.XDG_CONFIG_HOME || join(homedir(), '.config')
  return [
    join(config, 'docker/certs.d', host),
    join(config, 'containers/certs.d', host),
    join('/etc/docker/certs.d', host),
    join('/etc/containers/certs.d', host),
  ]
}

function listEnding(directory: string, end: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith(end))
      .sort()
  } catch {
    return []
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
