import { AsyncLocalStorage } from 'node:async_hooks'
import type { Agent } from 'node:http'
import type { Socket } from 'node:net'
import { authorities, secureContextFor } from './certificates.ts'
import { findProxy } from './proxy.ts'

/** Milliseconds for which a connection waits for its next request: fewer than servers are known to keep theirs. */
const IDLE = 4000

/** How requests to one place are sent. */
export interface Connections {
  agent: Agent
  /** Who is in between. */
  proxy: URL | undefined
}

/** Hosts whose certificates nobody has to vouch for. */
const blindlyTrusted = new Set<string>()

/** Connections that are used, and closed, together. */
interface Scope {
  connections: Map<string, Promise<Connections>>
  /** Ends every request. */
  signal: AbortSignal | undefined
}

const common: Scope = { connections: new Map(), signal: undefined }

/** One for the whole process, whichever of the program's parts have this module. */
const SCOPES = Symbol.for('lighter.connections')
const shared = globalThis as { [SCOPES]?: AsyncLocalStorage<Scope> }
shared[SCOPES] ??= new AsyncLocalStorage<Scope>()
const scopes = shared[SCOPES]
const scope = (): Scope => scopes.getStore() ?? common

/**
 * Does work with connections of its own, which end with it: in a process that does several things at a time, what one of them closes is
 * not what another one uses. Once `signal` is aborted every request of the work fails.
 */
export async function withOwnConnections<Result>(
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  return await scopes.run({ connections: new Map(), signal }, async () => {
    try {
      return await work()
    } finally {
      await closeConnections()
    }
  })
}

/** What ends any request; `undefined`: nothing. */
export const usualSignal = (): AbortSignal | undefined => scope().signal

/** Connections to one host, kept open between requests; with its own certificate authorities and the proxy. */
export function connectionsTo(url: URL): Promise<Connections> {
  const key = `${url.protocol}//${url.host}`
  const { connections } = scope()
  let known = connections.get(key)
  if (!known) {
    known = prepare(url)
    connections.set(key, known)
  }
  return known
}

/** From now on the certificate of a host is not looked at: the user has called it insecure. */
export const trustBlindly = (host: string): void => void blindlyTrusted.add(host)

/** Ends all connections: a command must not wait for those that are only kept open. */
export async function closeConnections(): Promise<void> {
  const { connections } = scope()
  const open = [...connections.values()]
  connections.clear()
  for (const known of open) (await known.catch(() => undefined))?.agent.destroy()
}

/** 127.0.0.0/8, ::1 and localhost: the registries that may be spoken to without TLS. */
export const isLoopback = (hostname: string): boolean =>
  /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(hostname)

async function prepare(url: URL): Promise<Connections> {
  // Go's clients never ask a proxy for the machine itself, and neither do we.
  const proxy = isLoopback(url.hostname) ? undefined : findProxy(process.env, url)
  const agent = await createAgent(url, proxy)
  const keep = agent.keepSocketAlive.bind(agent)
  agent.keepSocketAlive = (socket) => {
    const isKept = keep(socket)
    // A free connection that times out is closed by its agent.
    ;(socket as Socket).setTimeout(IDLE)
    return isKept
  }
  return { agent, proxy }
}

async function createAgent(url: URL, proxy: URL | undefined): Promise<Agent> {
  const isSecure = url.protocol === 'https:'
  const tls = isSecure
    ? {
        secureContext: await secureContextFor(url.host),
        rejectUnauthorized: !blindlyTrusted.has(url.host),
      }
    : {}
  const options = { keepAlive: true, ...tls }
  if (proxy?.protocol.startsWith('socks')) {
    // Names are the business of the proxy, as Go has it.
    const href = proxy.href.replace(/^socks5:/, 'socks5h:')
    const { SocksProxyAgent } = await import('socks-proxy-agent')
    return new SocksProxyAgent(href, options)
  }
  if (proxy?.protocol === 'https:') await believeProxies(url.host)
  const proxyEnv = proxy && { http_proxy: proxy.href, https_proxy: proxy.href }
  const { Agent } = isSecure ? await import('node:https') : await import('node:http')
  return new Agent({ ...options, ...(proxyEnv && { proxyEnv }) })
}

/** A proxy is nobody to whom we show ourselves, or whom we believe without a look. Node asks its default authorities about it. */
async function believeProxies(host: string): Promise<void> {
  const { setDefaultCACertificates } = await import('node:tls')
  try {
    setDefaultCACertificates(await authorities(host))
  } catch {
    // A file without any certificate: nobody vouches for anybody.
    setDefaultCACertificates([])
  }
}
