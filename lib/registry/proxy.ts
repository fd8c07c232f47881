import type { EnvHttpProxyAgent, Pool } from 'undici'
import { LighterError } from '../core/errors.ts'

const MAX_PORT = 65535

/** Which failures are those of a connection to a proxy, and to which one. */
const failures = new WeakMap<object, URL>()

/** The proxy that could not be reached; `undefined` when it was the registry. */
export const proxyOf = (error: unknown): URL | undefined =>
  typeof error === 'object' && error !== null ? failures.get(error) : undefined

type Connect = (options: object, done: (error: unknown, socket?: unknown) => void) => void

/** What undici needs to know of proxies: their addresses, and that their failures are to be told from others. */
export function proxyOptions(
  environment: NodeJS.ProcessEnv,
  registry: URL,
  pool: typeof Pool,
): EnvHttpProxyAgent.Options {
  const http = readProxy(environment, 'http_proxy', registry)
  const https = readProxy(environment, 'https_proxy', registry)
  return {
    ...(http && { httpProxy: http }),
    ...(https && { httpsProxy: https }),
    clientFactory: (proxy, options) => {
      const { connect } = options as { connect: Connect }
      const noting: Connect = (target, done) =>
        connect(target, (error, socket) => {
          if (typeof error === 'object' && error !== null) failures.set(error, proxy)
          done(error, socket)
        })
      return new pool(proxy, { ...options, connect: noting as never })
    },
  }
}

/** As Go reads it: without a scheme it is http. The value never enters a message, as it may have a password. */
function readProxy(
  environment: NodeJS.ProcessEnv,
  name: string,
  { origin }: URL,
): string | undefined {
  const text = environment[name] ?? environment[name.toUpperCase()]
  if (!text) return undefined
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`
  if (URL.canParse(address)) return address
  const port = /:(\d+)\/?$/.exec(address)?.[1]
  const reason =
    Number(port) > MAX_PORT
      ? `proxyconnect tcp: dial tcp: address ${port}: invalid port`
      : `the value of ${name} is not the address of a proxy`
  throw new LighterError('registry-unreachable', `Get "${origin}/v2/": ${reason}`)
}
