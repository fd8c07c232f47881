import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export interface SeenRequest {
  method: string
  path: string
  range: string | undefined
  authorization: string | undefined
}

/** A server between the program and a registry, which sees every request and may spoil some. */
export interface Front {
  host: string
  seen: SeenRequest[]
  stop: () => Promise<void>
}

export type Intercept = (
  request: IncomingMessage,
  response: ServerResponse,
  /** Lets the registry answer. `chunk` may change or swallow a piece of the body. */
  forward: (chunk?: (piece: Buffer, offset: number) => Buffer | undefined) => void,
) => void

/** Starts a front on a free loopback port. What `intercept` does not answer it forwards. */
export async function startFront(target: string, intercept: Intercept): Promise<Front> {
  const seen: SeenRequest[] = []
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    const { range, authorization } = request.headers
    seen.push({ method: request.method ?? '', path: request.url ?? '', range, authorization })
    intercept(request, response, (chunk) => forward(target, request, response, chunk))
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

function forward(
  target: string,
  request: IncomingMessage,
  response: ServerResponse,
  chunk: (piece: Buffer, offset: number) => Buffer | undefined = (piece) => piece,
): void {
  const [hostname, port] = target.split(':')
  const { method, url: path } = request
  // The name it was called by: where the registry says that something is, is behind this front, too.
  const { headers } = request
  const onward = httpRequest({ hostname, port, method, path, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    let offset = 0
    answer.on('data', (piece: Buffer) => {
      const changed = chunk(piece, offset)
      offset += piece.length
      if (changed && !response.destroyed && !response.write(changed)) {
        answer.pause()
        response.once('drain', () => answer.resume())
      }
    })
    answer.on('end', () => response.end())
  })
  onward.on('error', () => response.destroy())
  request.pipe(onward)
}

export const isBlob = (request: IncomingMessage): boolean =>
  /\/blobs\/sha256:/.test(request.url ?? '')
