import type { Duplex } from 'node:stream'
import { atLeast } from '../http/api-version.ts'
import type { Call } from '../http/call.ts'
import { badRequest } from '../http/errors.ts'
import { findAttachable, serveAttached, wishesOf } from './attach.ts'
import { carriedBy } from './presence.ts'

/** A client sends what somebody types, or pastes: one message has so many bytes at most. */
const MAX_MESSAGE = 1024 * 1024
/** The code of an end that is none of trouble. */
const NORMAL = 1000

/**
 * `GET /containers/:id/attach/ws`: the container's streams over a websocket, both outputs as one. Older clients get all streams, whatever
 * they ask for.
 */
export async function attachWebSocket(call: Call): Promise<void> {
  const { headers, version, reply } = call
  const wishes = wishesOf(call)
  const container = findAttachable(call)
  if (headers.upgrade?.toLowerCase() !== 'websocket') throw badRequest('not websocket protocol')
  const { WebSocketServer, createWebSocketStream } = await import('ws')
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE,
    perMessageDeflate: false,
  })
  const open = (): Duplex => {
    const { connection, request } = reply.takeConnection()
    let stream: Duplex | undefined
    server.handleUpgrade(request, connection, Buffer.alloc(0), (socket) => {
      stream = createWebSocketStream(socket)
      carriedBy(stream, connection)
      // As Docker: whoever has been told of the end need not say that they heard it.
      stream._final = (done) => {
        socket.close(NORMAL)
        connection.end(() => done())
      }
    })
    // A wrong greeting has been answered, and the connection is closed.
    return stream ?? connection
  }
  const all = atLeast(version, 42) ? {} : { stdin: true, stdout: true, stderr: true }
  await serveAttached(call, container, { ...wishes, ...all, isBare: true }, open)
}
