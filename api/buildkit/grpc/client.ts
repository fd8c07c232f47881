import { once } from 'node:events'
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2'
import type { Duplex } from 'node:stream'
import { frame, messagesOf } from './frames.ts'
import { CODES, decodeMessage, GrpcError, grpcError } from './status.ts'

/** What is said of a call beside its messages; a list is a header for each of its members. */
export type Metadata = Readonly<Record<string, string | readonly string[]>>

const WINDOW = 1024 * 1024
/** The patterns of an ignore file are headers. */
const MAX_HEADERS = 16 * 1024 * 1024

/** Calls methods of a program at the other end of a connection. */
export class GrpcClient {
  readonly #session: ClientHttp2Session
  readonly #connection: Duplex
  /** Over once the connection has ended. */
  readonly closed: Promise<void>

  private constructor(session: ClientHttp2Session, connection: Duplex) {
    this.#session = session
    this.#connection = connection
    this.closed = new Promise((resolve) => session.once('close', resolve))
    session.on('error', () => undefined)
  }

  static async over(connection: Duplex): Promise<GrpcClient> {
    const { connect } = await import('node:http2')
    const session = connect('http://localhost', {
      createConnection: () => connection,
      settings: { initialWindowSize: WINDOW, enablePush: false },
      maxSendHeaderBlockLength: MAX_HEADERS,
      maxSessionMemory: 64,
    })
    connection.once('end', () => session.destroy())
    session.once('connect', () => {
      if (!session.destroyed) session.setLocalWindowSize(4 * WINDOW)
    })
    return new GrpcClient(session, connection)
  }

  /** One message in, one out. Throws `GrpcError`. */
  async unary(path: string, message: Uint8Array, options: CallOptions = {}): Promise<Buffer> {
    using stream = this.open(path, options)
    await stream.send(message)
    stream.end()
    let answer: Buffer | undefined
    for await (const one of stream.messages()) answer ??= one
    if (!answer) throw grpcError('INTERNAL', 'an answer without a message')
    return answer
  }

  /** Begins a call with messages in both directions. Throws `GrpcError` when the connection is over. */
  open(path: string, { metadata = {}, signal }: CallOptions = {}): GrpcStream {
    signal?.throwIfAborted()
    if (this.#session.closed || this.#session.destroyed) throw sessionOver()
    const headers = Object.entries(metadata).filter(([, value]) => value.length > 0)
    const stream = this.#session.request(
      {
        ':method': 'POST',
        ':path': path,
        ':scheme': 'http',
        'content-type': 'application/grpc',
        te: 'trailers',
        ...(Object.fromEntries(headers) as Record<string, string | string[]>),
      },
      { endStream: false, ...(signal ? { signal } : {}) },
    )
    return new GrpcStream(stream)
  }

  /** Ends all calls, and the connection, whether or not the other side wants to. */
  close(): void {
    this.#session.destroy()
    this.#connection.destroy()
  }
}

const sessionOver = (): GrpcError => grpcError('UNAVAILABLE', 'the session of the client is over')

export interface CallOptions {
  metadata?: Metadata
  signal?: AbortSignal | undefined
}

/** A call that is under way. Disposing of it ends it, whatever its state. */
export class GrpcStream implements Disposable {
  readonly #stream: ClientHttp2Stream
  readonly #status: Promise<GrpcError | undefined>
  readonly #over = new AbortController()

  constructor(stream: ClientHttp2Stream) {
    this.#stream = stream
    this.#status = statusOf(stream)
    stream.once('close', () => this.#over.abort())
  }

  /** Returns once there is room for more. Throws `GrpcError` where nobody listens any more. */
  async send(message: Uint8Array): Promise<void> {
    if (!this.#stream.writable) throw await this.#failure()
    if (this.#stream.write(frame(message))) return
    try {
      await once(this.#stream, 'drain', { signal: this.#over.signal })
    } catch {
      throw await this.#failure()
    }
  }

  /** There is no more to send. */
  end(): void {
    if (this.#stream.writable) this.#stream.end()
  }

  /** What the other side sends. Throws `GrpcError` at the end where the call failed. */
  async *messages(): AsyncGenerator<Buffer> {
    try {
      yield* messagesOf(this.#stream)
    } catch (error) {
      if (error instanceof GrpcError) throw error
      throw await this.#failure()
    }
    const failure = await this.#status
    if (failure) throw failure
  }

  async #failure(): Promise<GrpcError> {
    return (await this.#status) ?? sessionOver()
  }

  [Symbol.dispose](): void {
    if (!this.#stream.closed) this.#stream.close(CANCEL)
  }
}

/** https://www.rfc-editor.org/rfc/rfc9113#section-7 */
const CANCEL = 8

/** How a call ended, told by headers, trailers, or not at all. */
function statusOf(stream: ClientHttp2Stream): Promise<GrpcError | undefined> {
  return new Promise((resolve) => {
    const read = (headers: IncomingHttpHeaders): void => {
      const code = headers['grpc-status']
      if (code === undefined) return
      const message = decodeMessage(String(headers['grpc-message'] ?? ''))
      resolve(Number(code) === CODES.OK ? undefined : new GrpcError(Number(code), message))
    }
    stream.on('response', read)
    stream.on('trailers', read)
    stream.on('error', () => undefined)
    stream.once('close', () => resolve(sessionOver()))
  })
}
