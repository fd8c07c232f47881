import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex, PassThrough, type Readable } from 'node:stream'

/** Streams that carry standard output and error, or are one. */
export const RAW_STREAM = 'application/vnd.docker.raw-stream'
export const MULTIPLEXED_STREAM = 'application/vnd.docker.multiplexed-stream'

/** The answer to one request. Exactly one of its methods that begin an answer is called. */
export class Reply {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #isUpgrade: boolean
  /** Who took the connection answers there. One that waits for the answer before it has none yet either. */
  #isTaken = false

  constructor(request: IncomingMessage, response: ServerResponse, isUpgrade: boolean) {
    this.#request = request
    this.#response = response
    this.#isUpgrade = isUpgrade
  }

  /** Whether an answer has begun: a failure can no longer be one. */
  get hasBegun(): boolean {
    return this.#response.headersSent || this.#isTaken
  }

  header(name: string, value: string): void {
    this.#response.setHeader(name, value)
  }

  /** A document; ends with a line break, as those of Go programs. */
  json(value: unknown, status = 200): void {
    this.text(`${JSON.stringify(value)}\n`, status, 'application/json')
  }

  text(text: string, status = 200, type = 'text/plain; charset=utf-8'): void {
    const bytes = Buffer.from(text)
    this.#response.writeHead(status, { 'Content-Type': type, 'Content-Length': bytes.length })
    this.#response.end(this.#request.method === 'HEAD' ? undefined : bytes)
  }

  /** No document. */
  empty(status = 204): void {
    this.#response.writeHead(
      status,
      status === 204 || status === 304 ? {} : { 'Content-Length': 0 },
    )
    this.#response.end()
  }

  /** Begins an answer of unknown length; its headers are sent at once, so that the client knows that it was understood. */
  stream(type: string, status = 200): AnswerStream {
    this.#response.writeHead(status, { 'Content-Type': type })
    this.#response.flushHeaders()
    return new AnswerStream(this.#response)
  }

  /**
   * Makes the connection a stream of bytes in both directions. A client that asked for it by `Upgrade` gets 101 and the bare
   * connection; another one sends with the request's body, or behind it where that has been read or is empty, and reads an answer that
   * ends with the connection.
   */
  hijack(type: string, upgrade = 'tcp'): Duplex {
    if (!this.#isUpgrade) {
      // Bare too: old clients read what is behind the head as it comes.
      this.#response.shouldKeepAlive = false
      this.#response.removeHeader('Transfer-Encoding')
      const answer = this.stream(type)
      const { complete, readableLength, socket } = this.#request
      const readable = complete && readableLength === 0 ? bytesBehind(socket) : this.#request
      return Duplex.from({ readable, writable: answer.writable })
    }
    const socket = this.#take()
    const lines = [
      'HTTP/1.1 101 UPGRADED',
      ...(type === '' ? [] : [`Content-Type: ${type}`]),
      'Connection: Upgrade',
      `Upgrade: ${upgrade}`,
      ...this.#ownHeaders(),
    ]
    socket.write(`${lines.join('\r\n')}\r\n\r\n`)
    return socket
  }

  /** The bare connection of an upgrade, for those who answer with a head of their own. */
  takeConnection(): { connection: Duplex; request: IncomingMessage } {
    return { connection: this.#take(), request: this.#request }
  }

  #take(): Duplex {
    const { socket } = this.#request
    this.#isTaken = true
    this.#response.detachSocket(socket)
    return socket
  }

  #ownHeaders(): string[] {
    return Object.entries(this.#response.getHeaders()).map(([name, value]) => `${name}: ${value}`)
  }
}

/**
 * What a client sends behind its request, as Docker's library for Ruby does. Node's parser would take it for the next one, and the end
 * of it for the client's leaving: without its listeners it gets nothing more.
 */
function bytesBehind(socket: Socket): Readable {
  for (const event of ['data', 'end']) socket.removeAllListeners(event)
  const bytes = new PassThrough()
  socket.once('close', () => bytes.destroy())
  return socket.pipe(bytes)
}

/** An answer that is sent piece by piece, no faster than it is read. */
export class AnswerStream {
  readonly writable: ServerResponse

  constructor(response: ServerResponse) {
    this.writable = response
  }

  /** Returns once there is room for more; at once when the client is gone. */
  async write(chunk: Uint8Array | string): Promise<void> {
    if (this.writable.destroyed || this.writable.write(chunk)) return
    const gone = new AbortController()
    const close = () => gone.abort()
    this.writable.once('close', close)
    try {
      await once(this.writable, 'drain', { signal: gone.signal })
    } catch {
      // The client is gone.
    } finally {
      this.writable.off('close', close)
    }
  }

  /** One JSON document and a line break, as progress is told. */
  async json(value: unknown): Promise<void> {
    await this.write(`${JSON.stringify(value)}\r\n`)
  }

  end(): void {
    this.writable.end()
  }
}
