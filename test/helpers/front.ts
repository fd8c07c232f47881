import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { PassThrough, type Transform } from 'node:stream'

export interface SeenRequest {
  method: string
  path: string
  range: string | undefined
  authorization: string | undefined
  /** What the registry answered, and how many bytes of a body came of it; 0 until then. */
  status: number
  sent: number
}

/** A server between the program and a registry, which sees every request and may spoil some. */
export interface Front {
  host: string
  seen: SeenRequest[]
  stop: () => Promise<void>
}

/** May change or swallow a piece of a body. */
export type Chunk = (piece: Buffer, offset: number) => Buffer | undefined

export interface Changes {
  /** Changes what stands above the body. */
  head?(headers: IncomingHttpHeaders): IncomingHttpHeaders
  /** What the request's body goes through, and that of the answer. */
  up?: Transform
  down?: Transform
}

export type Intercept = (
  request: IncomingMessage,
  response: ServerResponse,
  /** Lets the registry answer. */
  forward: (chunk?: Chunk, changes?: Changes) => void,
) => void

/** Starts a front on a free loopback port. What `intercept` does not answer it forwards. */
export async function startFront(target: string, intercept: Intercept): Promise<Front> {
  const seen: SeenRequest[] = []
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    const { range, authorization } = request.headers
    const [method, path] = [request.method ?? '', request.url ?? '']
    const entry = { method, path, range, authorization, status: 0, sent: 0 }
    seen.push(entry)
    // Who is gone does not hear us.
    response.on('error', () => undefined)
    const count: Counter = (status, bytes) => {
      entry.status = status
      entry.sent += bytes
    }
    intercept(request, response, (chunk, changes) =>
      forward(target, request, response, count, chunk, changes),
    )
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      for (const socket of sockets) socket.destroy()
    })
  return { host: `127.0.0.1:${port}`, seen, stop }
}

type Counter = (status: number, bytes: number) => void

function forward(
  target: string,
  request: IncomingMessage,
  response: ServerResponse,
  count: Counter,
  chunk: Chunk = (piece) => piece,
  { head = (headers) => headers, up = new PassThrough(), down = new PassThrough() }: Changes = {},
): void {
  const [hostname, port] = target.split(':')
  const { method, url: path } = request
  // The name it was called by: where the registry says that something is, is behind this front, too.
  const { headers } = request
  const onward = httpRequest({ hostname, port, method, path, headers }, (answer) => {
    const status = answer.statusCode ?? 502
    const headers = head(answer.headers)
    if (!response.destroyed) response.writeHead(status, headers)
    count(status, 0)
    let offset = 0
    answer.pipe(down).on('data', (piece: Buffer) => {
      const changed = chunk(piece, offset)
      offset += piece.length
      if (!changed || response.destroyed) return
      count(status, changed.length)
      if (response.write(changed)) return
      down.pause()
      response.once('drain', () => down.resume())
    })
    down.on('end', () => response.end())
  })
  onward.on('error', () => response.destroy())
  request.pipe(up).pipe(onward)
}

export const isBlob = (request: IncomingMessage): boolean =>
  /\/blobs\/sha256:/.test(request.url ?? '')
