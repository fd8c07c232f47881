import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  ServerResponse,
} from 'node:http'
import type { Socket } from 'node:net'
import { posix } from 'node:path'
import type { Duplex, Readable } from 'node:stream'
import { isErrno } from '../../lib/core/errors.ts'
import { NEWEST_API, readVersion, splitVersion, versionText } from './api-version.ts'
import { Body } from './body.ts'
import type { Call, Service } from './call.ts'
import type { CallSignals } from './call-signals.ts'
import { ApiError, failureOf, isFault } from './errors.ts'
import type { InFlight } from './in-flight.ts'
import { Query } from './query.ts'
import { readRest } from './read-rest.ts'
import { Reply } from './reply.ts'
import type { Router } from './router.ts'

/** A client may take so long for the head of a request, in milliseconds: one that sends nothing holds nothing. */
const HEADERS_TIMEOUT = 30_000
const KEEP_ALIVE = 30_000

interface Parts {
  service: Service
  router: Router
  inFlight: InFlight
  signals: CallSignals
  /** What is told in every answer, and of the program that answers. */
  headers: Readonly<Record<string, string>>
  /** Why a request is not answered at all; `undefined`: it is. */
  refusal: (request: IncomingMessage) => Promise<string | undefined>
}

const OPTIONS: ServerOptions = {
  headersTimeout: HEADERS_TIMEOUT,
  // Uploads take their time.
  requestTimeout: 0,
  keepAliveTimeout: KEEP_ALIVE,
  maxHeaderSize: 256 * 1024,
}

/** The server of the API; who calls it has it listen. `tls`: what Node wants to know where they are encrypted. */
export function createApiServer(parts: Parts, tls?: object): Server {
  const options: ServerOptions = {
    ...OPTIONS,
    // Some clients offer HTTP/2 with whatever they ask for.
    shouldUpgradeCallback: (request) => understand(parts, request).match?.upgrades === true,
  }
  const server = tls
    ? process
        .getBuiltinModule('node:https')
        // Clients that have nothing more to say hear the answer all the same; without TLS that is Node's way by itself.
        .createServer({ ...options, ...tls, allowHalfOpen: true })
    : createServer(options)
  /** What a connection's first request calls. */
  const firsts = new WeakMap<Duplex, () => void>()
  server.on(tls ? 'secureConnection' : 'connection', (connection: Socket) => {
    const first = parts.inFlight.connected()
    firsts.set(connection, first)
    connection.once('close', first)
  })
  /** The last answer of each connection, which those before it precede. */
  const answers = new WeakMap<Duplex, ServerResponse>()
  server.on('request', (request, response) => {
    answers.set(request.socket, response)
    // Node's parser loses what was sent behind an offer that is not taken.
    if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false
    void answer(parts, { request, response, body: request, isUpgrade: false })
    firsts.get(request.socket)?.()
  })
  server.on('upgrade', (request, connection, head) => {
    void upgrade(parts, request, { connection, head, before: answers.get(connection) })
    firsts.get(connection)?.()
  })
  server.on('clientError', (error: NodeJS.ErrnoException, connection) => {
    refuseBytes(connection as Socket, error.code, answers.get(connection))
  })
  return server
}

/** As Go's server answers what is no HTTP, or too much of it. */
const plainRefusal = (status: string): string =>
  `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${status}`
const MALFORMED = plainRefusal('400 Bad Request')
const TOO_LARGE = plainRefusal('431 Request Header Fields Too Large')

interface Upgraded {
  connection: Duplex
  head: Buffer
  /** The answer to the request before this one. */
  before: ServerResponse | undefined
}

/** What a client sends is no request. `last`: the answer to the one before. */
function refuseBytes(connection: Socket, code: string | undefined, last?: ServerResponse): void {
  const isAnswering = last !== undefined && !last.closed
  if (isAnswering && last.req.complete) {
    // Nothing is wrong with that one, and its answer must not be mixed with another.
    last.once('close', () => connection.destroySoon())
    return
  }
  if (isAnswering && last.headersSent) connection.destroy()
  else connection.end(code === 'HPE_HEADER_OVERFLOW' ? TOO_LARGE : MALFORMED)
  connection.destroySoon()
}

async function upgrade(
  parts: Parts,
  request: IncomingMessage,
  { connection, head, before }: Upgraded,
): Promise<void> {
  // An error of a connection that nobody reads any more must not end the service.
  connection.on('error', () => connection.destroy())
  using _ = parts.inFlight.begin()
  if (before && !before.closed) await new Promise((resolve) => before.once('close', resolve))
  // The answer before this one was the last.
  if (!connection.writable) return
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(request.socket)
  response.on('finish', () => connection.end())
  const { readUpgradeBody } = await import('./upgrade-body.ts')
  const body = readUpgradeBody(request, connection, head)
  // Who is answered without a look at it hears nothing of its faults.
  body.catch(() => undefined)
  await answer(parts, { request, response, body, isUpgrade: true })
}

interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  body: Readable | Promise<Readable>
  isUpgrade: boolean
}

/** Answers one request, whatever happens on the way. */
async function answer(parts: Parts, exchange: Exchange): Promise<void> {
  const { request, response, isUpgrade } = exchange
  using _ = parts.inFlight.begin()
  const reply = new Reply(request, response, isUpgrade)
  // Whoever writes an answer hears of its failures by himself: nobody else must end the service for them.
  response.on('error', () => undefined)
  for (const [name, value] of Object.entries(parts.headers)) response.setHeader(name, value)
  try {
    const refusal = await parts.refusal(request)
    if (refusal !== undefined) throw new ApiError(403, refusal)
    await dispatch(parts, exchange, reply)
    if (!reply.hasBegun) reply.empty()
  } catch (error) {
    if (isFault(error) && !hasLeft(request, error)) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      // Without the query: build arguments may be secrets.
      parts.service.log(`${request.method} ${request.url?.split('?')[0]}: ${text}`)
    }
    // An answer that has begun can only be cut short: the client must not take it for whole.
    if (reply.hasBegun) request.socket.destroy()
    else {
      if (!isUpgrade && !request.complete) await readRest(request)
      refuse(reply, error)
    }
  }
  // What is left of a body nobody wanted would be taken for the next request.
  if (!isUpgrade && !request.complete) request.resume()
}

/** Whether it is nothing but the client's going away in the middle. */
const hasLeft = (request: IncomingMessage, error: unknown): boolean =>
  request.socket.destroyed &&
  isErrno(error, 'ECONNRESET', 'EPIPE', 'ABORT_ERR', 'ERR_STREAM_PREMATURE_CLOSE')

function refuse(reply: Reply, error: unknown): void {
  const { status, message } = failureOf(error)
  if (status === 304) reply.empty(304)
  else reply.json({ message }, status)
}

/** What a request asks for; `match`: who answers it. */
function understand({ router }: Parts, request: IncomingMessage) {
  const method = request.method ?? 'GET'
  const url = (request.url ?? '/').replace(/^https?:\/\/[^/?]*/i, '')
  const [address = '/', search = ''] = split(url, '?')
  const { version, rest } = splitVersion(address)
  return { method, version, address, search, match: router.find(method, rest) }
}

/** Another way to write a path: without double slashes and dots; `undefined` where it has none. As Docker's router has it. */
function plainPath(address: string): string | undefined {
  if (!/\/\/|\/\.|%2e|%2f%2f/i.test(address)) return undefined
  try {
    const path = decodeURIComponent(address)
    const plain = posix.normalize(path)
    return plain === path ? undefined : encodeURI(plain)
  } catch {
    return undefined
  }
}

async function dispatch(parts: Parts, exchange: Exchange, reply: Reply): Promise<void> {
  const { request, response } = exchange
  const { method, version: named, address, search, match } = understand(parts, request)
  const plain = plainPath(address)
  if (plain !== undefined) {
    reply.header('Location', search === '' ? plain : `${plain}?${search}`)
    reply.empty(301)
    return
  }
  const version = readVersion(named)
  response.setHeader('Api-Version', versionText(NEWEST_API))
  if (method === 'OPTIONS') {
    reply.empty(200)
    return
  }
  if (!match) {
    reply.json({ message: 'page not found' }, 404)
    return
  }
  const signal = parts.signals.begin(exchange.isUpgrade ? request.socket : response)
  const call: Call = {
    service: parts.service,
    engine: parts.service.engine,
    version,
    method,
    params: match.params,
    query: new Query(search),
    headers: request.headers,
    body: new Body(await exchange.body, request.headers),
    reply,
    signal,
  }
  const handler = await match.load()
  await handler(call)
}

/** The text before and behind the first mark. */
function split(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
