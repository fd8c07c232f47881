import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
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

/** Ends all connections: a command must not wait for those that are only kept open. */
export async function closeConnections(): Promise<void> {
  const open = [...dispatchers.values()]
  dispatchers.clear()
  for (const dispatcher of open) await (await dispatcher).destroy()
}

async function createDispatcher(url: URL): Promise<Dispatcher> {
  const { Agent, EnvHttpProxyAgent, Pool } = await import('undici')
  const tls = url.protocol === 'https:' ? { ca: certificates(url.host) } : {}
  const timeouts = readTimeouts(process.env.LIGHTER_REGISTRY_TIMEOUT)
  const common = {
    headersTimeout: timeouts.headers,
    bodyTimeout: timeouts.body,
    connect: { timeout: timeouts.connect, ...tls },
  }
  // Go's clients never ask a proxy for the machine itself, and neither do we.
  if (isLoopback(url.hostname)) return new Agent(common)
  const proxies = proxyOptions(process.env, url, Pool)
  return new EnvHttpProxyAgent({ ...common, ...proxies, requestTls: tls, proxyTls: tls })
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
  authorityDirectories(host).some((directory) => existsSync(join(directory, 'ca.crt')))

function certificates(host: string): string[] {
  const system = process.env.SSL_CERT_FILE ?? SYSTEM_BUNDLES.find((path) => existsSync(path))
  const bundle = system ? readIfThere(system) : undefined
  const extra = process.env.NODE_EXTRA_CA_CERTS
  const own = authorityDirectories(host).flatMap((directory) =>
    listCertificates(directory).flatMap((name) => readIfThere(join(directory, name)) ?? []),
  )
  return [
    ...(bundle ? [bundle] : rootCertificates),
    ...(extra ? [readIfThere(extra) ?? ''] : []),
    ...own,
  ].filter((text) => text !== '')
}

const authorityDirectories = (host: string): string[] => [
  join('/etc/docker/certs.d', host),
  join(process.env.XDG_CONFIG_HOME ?? join(homedir(), '.config'), 'docker/certs.d', host),
]

function listCertificates(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => name.endsWith('.crt'))
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
