import { once } from 'node:events'
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import { statusDocument } from '../wire/types.ts'
import { frame, messagesOf } from './frames.ts'
import { CODES, encodeMessage, GrpcError, grpcError } from './status.ts'

/** One call of a method of ours. */
export interface GrpcCall {
  metadata: IncomingHttpHeaders
  /** What the client sends, in its order. */
  messages(): AsyncGenerator<Buffer>
  /** Sends a message; returns once there is room for more. Throws when the client has gone. */
  send(message: Uint8Array): Promise<void>
  /** Aborted when the client has no more use for an answer. */
  signal: AbortSignal
}

/** Answers a call; returns when it is over. What it throws is the status of the call. */
export type Method = (call: GrpcCall) => Promise<void>

/** Bytes that a client may send before they are read, for each call and for all of them. */
const WINDOW = 1024 * 1024

/**
 * Answers calls on a connection, each by the method of its path, until the connection ends. `status`: what a failure that is no
 * `GrpcError` is told as.
 */
export async function serveGrpc(
  connection: Duplex,
  find: (path: string) => Method | undefined,
  status: (error: unknown) => GrpcError,
): Promise<void> {
  const { performServerHandshake } = await import('node:http2')
  if (connection.destroyed) return
  const session: ServerHttp2Session = performServerHandshake(connection, {
    settings: { initialWindowSize: WINDOW },
    maxHeaderListPairs: 65_536,
    maxSessionMemory: 64,
  })
  session.setLocalWindowSize?.(WINDOW)
  session.on('error', () => undefined)
  // A client that is killed says nothing more, and the connection would stay half open.
  connection.once('end', () => session.destroy())
  session.on('stream', (stream, headers) => {
    stream.on('error', () => undefined)
    void answer(stream, headers, find, status)
  })
  await new Promise<void>((resolve) => session.once('close', resolve))
}

async function answer(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  find: (path: string) => Method | undefined,
  status: (error: unknown) => GrpcError,
): Promise<void> {
  const gone = new AbortController()
  stream.once('close', () => gone.abort(grpcError('CANCELLED', 'context canceled')))
  const path = String(headers[':path'] ?? '')
  try {
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc' },
      { waitForTrailers: true },
    )
    let failure = new GrpcError(CODES.OK, '')
    stream.once('wantTrailers', () => stream.sendTrailers(trailersOf(failure)))
    try {
      const method = find(path)
      if (!method) throw grpcError('UNIMPLEMENTED', `unknown method ${path}`)
      await method({
        metadata: headers,
        // Who has read enough has yet to answer.
        messages: () => messagesOf(stream.iterator({ destroyOnReturn: false })),
        send: (message) => send(stream, message, gone.signal),
        signal: gone.signal,
      })
    } catch (error) {
      failure = error instanceof GrpcError ? error : status(error)
    }
    stream.end()
  } catch {
    // The client is gone.
    stream.destroy()
  }
}

function trailersOf({ code, message, details }: GrpcError): Record<string, string> {
  if (code === CODES.OK) return { 'grpc-status': '0' }
  const plain = { 'grpc-status': String(code), 'grpc-message': encodeMessage(message) }
  if (details.length === 0) return plain
  const document = statusDocument.encode({ code, message, details: [...details] })
  return { ...plain, 'grpc-status-details-bin': document.toString('base64') }
}

async function send(
  stream: ServerHttp2Stream,
  message: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted()
  if (!stream.write(frame(message))) await once(stream, 'drain', { signal })
}
