import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { LighterError } from '../core/errors.ts'
import { exchange, networkCode, proxyOf } from './exchange.ts'
import { usualSignal } from './transport.ts'

const ATTEMPTS = 4
const MAX_WAIT = 30_000
const MAX_DISCARD = 64 * 1024

/** What is sent; a stream is made anew for each attempt. */
export type HttpBody = string | Buffer | (() => Readable)

export interface HttpRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  url: URL
  headers: Record<string, string>
  body?: HttpBody
  signal?: AbortSignal | undefined
  /** Attempts in all; the usual number when absent. */
  attempts?: number
  /** Failures of the network after which nothing is tried again, beside those that stay as they are. */
  isFinal?: (error: unknown) => boolean
  /** Milliseconds that an answer may take; as for every other request when absent. */
  patience?: number | undefined
}

export interface HttpResponse {
  status: number
  header(name: string): string | undefined
  body: Readable
  /** Reads away what nobody wants: the connection is then free for the next request. A long body ends its connection instead. */
  discard(): Promise<void>
  /** Reads the whole body. Throws `registry-protocol` when it is larger than the limit. */
  bytes(limit: number): Promise<Buffer>
}

/** Sends one request; again after a pause when the network, the server or its rate limit is in the way. */
export async function send(wanted: HttpRequest): Promise<HttpResponse> {
  const request = { ...wanted, signal: eitherSignal(wanted.signal, usualSignal()) }
  const attempts = request.attempts ?? ATTEMPTS
  for (let attempt = 1; ; attempt += 1) {
    try {
      const response = await sendOnce(request)
      const told = readDelay(response.header('retry-after'))
      // Asked before its time it would say the same: whoever waits for so long is better told.
      const isLong = told !== undefined && told > MAX_WAIT
      if (!isPassing(response.status) || attempt >= attempts || isLong) return response
      await response.discard()
      await pause(attempt, told, request.signal)
    } catch (error) {
      if (request.signal?.aborted) throw error
      const isFinal = !mayPass(error) || request.isFinal?.(error) === true
      if (attempt >= attempts || isFinal) throw unreachable(request, error)
      await pause(attempt, undefined, request.signal)
    }
  }
}

const eitherSignal = (
  own: AbortSignal | undefined,
  usual: AbortSignal | undefined,
): AbortSignal | undefined => (own && usual ? AbortSignal.any([own, usual]) : (own ?? usual))

/** Milliseconds of a `Retry-After`, which has seconds or a date; `undefined` when it has neither, or one that has passed. */
export function readDelay(text: string | undefined): number | undefined {
  if (!text) return undefined
  const delay = /^\s*\d+\s*$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return delay >= 0 ? delay : undefined
}

/** Waits before the next attempt: as long as was told, else longer each time, never in step with others. */
export async function pause(attempt: number, told?: number, signal?: AbortSignal): Promise<void> {
  const own = 250 * 2 ** attempt * (0.5 + Math.random())
  await sleep(Math.min(told ?? own, MAX_WAIT), undefined, signal ? { signal } : {})
}

async function sendOnce({ headers, body, ...rest }: HttpRequest): Promise<HttpResponse> {
  const response = await exchange({
    ...rest,
    headers: { 'user-agent': 'lighter', ...headers },
    body: typeof body === 'function' ? body() : body,
  })
  return {
    status: response.statusCode ?? 0,
    header: (name) => {
      const value = response.headers[name]
      return Array.isArray(value) ? value.join(', ') : value
    },
    body: response,
    discard: () => discard(response),
    bytes: (limit) => readBody(response, rest.url, limit),
  }
}

async function discard(response: IncomingMessage): Promise<void> {
  let size = 0
  await new Promise<void>((resolve) => {
    response.once('close', resolve)
    if (response.closed) return resolve()
    response.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > MAX_DISCARD) response.destroy()
    })
  })
  await nextTurn()
}

async function readBody(body: Readable, url: URL, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of body) {
      size += chunk.length
      if (size > limit) {
        const message = `${url.host} answered with more than ${limit} bytes`
        throw new LighterError('registry-protocol', message)
      }
      chunks.push(chunk)
    }
  } catch (error) {
    throw unreachable({ method: 'GET', url }, error)
  }
  // Only then its connection is free: who asks before opens another one.
  await nextTurn()
  return Buffer.concat(chunks)
}

/** Whether an answer is of the moment: the same request may be answered otherwise later. */
export const isPassing = (status: number): boolean =>
  status === 429 || status === 408 || status >= 500

/** A refused connection, an unknown name and a bad certificate stay as they are however often one asks. */
function mayPass(error: unknown): boolean {
  const code = networkCode(error)
  return (
    !(error instanceof LighterError) &&
    !['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH'].includes(code) &&
    !/^(CERT_|ERR_TLS|ERR_PROXY|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_SSL|HPE_|timeout-(headers|connect)$)/.test(
      code,
    )
  )
}

const UNKNOWN_AUTHORITY =
  'tls: failed to verify certificate: x509: certificate signed by unknown authority'

const REASONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED:
    'tls: failed to verify certificate: x509: certificate has expired or is not yet valid',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  ECONNREFUSED: 'connect: connection refused',
  ECONNRESET: 'connection reset by peer',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'temporary failure in name resolution',
  EPIPE: 'broken pipe',
  'end-of-file': 'unexpected EOF',
}

/** The sentence for a registry that cannot be spoken to. Queries are left out: they may carry secrets. */
export function unreachable({ method, url }: Pick<HttpRequest, 'method' | 'url'>, error: unknown) {
  if (error instanceof LighterError) return error
  const reason = REASONS[networkCode(error)] ?? refusedByProxy(error) ?? messageOf(error)
  const verb = method.charAt(0) + method.slice(1).toLowerCase()
  const { dial, path } = describeDial(error, url)
  return new LighterError(
    'registry-unreachable',
    `${verb} "${url.origin}${path}": ${dial}${reason}`,
    { cause: error },
  )
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)

/** What a proxy says that does not let us through, in the words of its status. */
function refusedByProxy(error: unknown): string | undefined {
  if (networkCode(error) !== 'ERR_PROXY_TUNNEL') return undefined
  const { statusCode } = error as { statusCode?: number }
  const name = process.getBuiltinModule('node:http').STATUS_CODES[statusCode ?? 0]
  return name ?? 'proxyconnect tcp: unexpected EOF'
}

/** Where nobody was reached it does not matter what was asked for: Docker names the root of the API then. */
function describeDial(error: unknown, url: URL): { dial: string; path: string } {
  const code = networkCode(error)
  const proxy = proxyOf(error)
  const { hostname, port, protocol } = proxy ?? url
  const via = proxy ? viaProxy(proxy, url) : ''
  const path = url.pathname.startsWith('/v2/') ? '/v2/' : url.pathname
  if (['ENOTFOUND', 'EAI_AGAIN'].includes(code)) {
    return { dial: `${via}dial tcp: lookup ${hostname}: `, path }
  }
  const host = `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`
  return /^E(CONNREFUSED|HOSTUNREACH|NETUNREACH)$|^timeout-connect$/.test(code)
    ? { dial: `${via}dial tcp ${host}: `, path }
    : { dial: via, path: proxy ? path : url.pathname }
}

/** How Go's clients say that the proxy was not reached. */
const viaProxy = (proxy: URL, url: URL): string =>
  proxy.protocol.startsWith('socks')
    ? `socks connect tcp ${proxy.host}->${url.hostname}:${url.port || 443}: `
    : 'proxyconnect tcp: '
