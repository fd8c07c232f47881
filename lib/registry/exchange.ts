import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { LighterError } from '../core/errors.ts'
import { type Connections, connectionsTo } from './transport.ts'

/** What an exchange is about now, and how many milliseconds nothing may be heard in it. */
const TIMEOUTS = { connect: 15_000, headers: 30_000, body: 30_000 }
type Phase = keyof typeof TIMEOUTS
/** `LIGHTER_REGISTRY_TIMEOUT`, in seconds, takes the place of all three: for slow links, and for tests. */
const MAX_TIMEOUT = 3600

/** What is wrong with a connection that Node has no code for. */
type Fault = `timeout-${Phase}` | 'end-of-file' | 'length'
const SAYINGS: Readonly<Record<Fault, string>> = {
  'timeout-connect': 'i/o timeout',
  'timeout-headers': 'timeout while waiting for the answer',
  'timeout-body': 'timeout: the registry stopped sending',
  'end-of-file': 'unexpected EOF',
  length: 'what was to be sent has another length than was announced',
}

/** A failure of an exchange, told in its message. */
export class ExchangeError extends Error {
  readonly code: Fault
  constructor(code: Fault) {
    super(SAYINGS[code])
    this.code = code
  }
}

export interface Exchange {
  method: string
  url: URL
  headers: Record<string, string>
  body?: string | Buffer | Readable | undefined
  signal?: AbortSignal | undefined
  /** Milliseconds that an answer may take; as for every other request when absent. */
  patience?: number | undefined
}

/** Which failures are those of a connection to a proxy, and to which one. */
const proxyFailures = new WeakMap<object, URL>()

/** The proxy that could not be reached; `undefined` when it was the registry. */
export const proxyOf = (error: unknown): URL | undefined =>
  typeof error === 'object' && error !== null ? proxyFailures.get(error) : undefined

/**
 * Sends one request, once, and waits for the beginning of its answer; whoever reads the body gets its failures. Throws
 * `ExchangeError`, `registry-unreachable` for a proxy that is none, and what Node says of sockets, TLS and HTTP.
 */
export async function exchange(wanted: Exchange): Promise<IncomingMessage> {
  const { url, method, headers, signal } = wanted
  signal?.throwIfAborted()
  const timeouts = readTimeouts(process.env.LIGHTER_REGISTRY_TIMEOUT)
  if (wanted.patience !== undefined) timeouts.headers = wanted.patience
  const known = await connectionsTo(url)
  const { request } =
    url.protocol === 'https:' ? await import('node:https') : await import('node:http')
  const { agent } = known
  const message = request(url, { method, headers, agent, timeout: timeouts.connect })
  return await new Promise((resolve, reject) => {
    const watch = watchSilence(message, timeouts)
    const stop = () => (watch.response ?? message).destroy(signal?.reason)
    signal?.addEventListener('abort', stop, { once: true })
    message.once('close', () => signal?.removeEventListener('abort', stop))
    message.once('response', (response) => {
      watch.begin(response)
      // A body that nobody reads any more fails when its connection is closed: nobody wants to know.
      response.on('error', () => undefined)
      resolve(response)
    })
    message.on('error', (error) => reject(blame(error, known)))
    sendBody(message, wanted)
  })
}

/** A connection on which nothing happens for too long is given up; not while the one who reads an answer has not read it yet. */
function watchSilence(message: ClientRequest, timeouts: typeof TIMEOUTS) {
  let phase: Phase = 'connect'
  const watch = {
    response: undefined as IncomingMessage | undefined,
    begin(response: IncomingMessage) {
      watch.response = response
      enter('body')
    },
  }
  const enter = (next: Phase) => {
    phase = next
    message.setTimeout(timeouts[next])
  }
  message.once('socket', (socket) => {
    const { secureConnecting } = socket as Partial<TLSSocket> & { secureConnecting?: boolean }
    if (secureConnecting) socket.once('secureConnect', () => enter('headers'))
    else if (socket.connecting) socket.once('connect', () => enter('headers'))
    else enter('headers')
  })
  message.on('timeout', () => {
    const { response } = watch
    if (response && response.readableLength > 0) message.setTimeout(timeouts.body)
    else (response ?? message).destroy(new ExchangeError(`timeout-${phase}`))
  })
  return watch
}

/** What is streamed has the length that its headers say, or the other side would wait for the rest. */
function sendBody(message: ClientRequest, { body, headers }: Exchange): void {
  if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) {
    message.end(body)
    return
  }
  const length = Number(headers['content-length'])
  let sent = 0
  body.on('data', (chunk: Buffer) => {
    sent += chunk.length
  })
  body.on('error', (error) => message.destroy(error))
  body.on('end', () => {
    if (sent === length) message.end()
    else message.destroy(new ExchangeError('length'))
  })
  message.once('response', (response) => {
    if (message.writableEnded) return
    // An answer to what it has not read: the rest is of no use, and the connection is of none afterwards.
    body.unpipe(message)
    body.destroy()
    response.once('end', () => message.destroy())
  })
  message.once('close', () => body.destroy())
  body.pipe(message, { end: false })
}

/** Notes when it is the proxy that was not reached; what the client for SOCKS says of that has its code in the text only. */
function blame(error: NodeJS.ErrnoException, { proxy }: Connections): Error {
  if (!proxy) return error
  const told = error.code ? undefined : /^connect (E[A-Z]+) /.exec(error.message)?.[1]
  if (told) Object.assign(error, { code: told, syscall: 'connect' })
  const { code, syscall = '' } = error
  if (code === 'timeout-connect' || ['connect', 'getaddrinfo'].includes(syscall))
    proxyFailures.set(error, proxy)
  return error
}

function readTimeouts(text: string | undefined): typeof TIMEOUTS {
  if (!text) return { ...TIMEOUTS }
  const seconds = Number(text)
  if (!(seconds > 0 && seconds <= MAX_TIMEOUT)) {
    const message = `LIGHTER_REGISTRY_TIMEOUT must be a number of seconds up to ${MAX_TIMEOUT}`
    throw new LighterError('bad-input', message)
  }
  const wait = seconds * 1000
  return { connect: wait, headers: wait, body: wait }
}

/** What failed, in one word: Node's code for it or ours. An answer that breaks off is a reset for Node without that being one. */
export function networkCode(error: unknown): string {
  if (!(error instanceof Error && 'code' in error)) return ''
  return error.code === 'ECONNRESET' && !('syscall' in error) ? 'end-of-file' : String(error.code)
}

/** Whether the other side said nothing for too long. */
export const isTimeout = (error: unknown): boolean =>
  /^timeout-/.test(networkCode(error) || networkCode(error instanceof Error ? error.cause : ''))
