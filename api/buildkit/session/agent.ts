import { closeSync, openSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import type { GrpcStream } from '../grpc/client.ts'
import { bytesMessage } from '../wire/types.ts'
import type { ClientSession } from './session.ts'

const FORWARD_AGENT = '/moby.sshforward.v1.SSH/ForwardAgent'
/** As large as messages of Go's programs are. */
const CHUNK = 32 * 1024

/** A socket here that stands for an agent of a client. */
export interface ForwardedAgent {
  socket: string
  close(): void
}

/** Makes a socket in a directory of ours; each connection to it is one to the client's agent. */
export async function openForwardedAgent(
  session: ClientSession,
  id: string,
  directory: string,
  name: string,
): Promise<ForwardedAgent> {
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => open.delete(socket))
    void connectAgent(session, id, socket)
  })
  // The address of a socket is short; by the descriptor every directory can be in it, for programs that are started, too.
  const fd = openSync(directory, 'r')
  const socket = `/proc/${process.pid}/fd/${fd}/${name}`
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(socket, () => resolve())
    })
  } catch (error) {
    closeSync(fd)
    throw error
  }
  return {
    socket,
    close: () => {
      server.close()
      closeSync(fd)
      for (const socket of open) socket.destroy()
    },
  }
}

async function connectAgent(session: ClientSession, id: string, socket: Socket): Promise<void> {
  try {
    using stream = session.grpc.open(FORWARD_AGENT, { metadata: { 'buildkit.ssh.id': id } })
    await Promise.all([forward(socket, stream), answer(stream, socket)])
  } catch {
    // Whoever uses the socket is told by its end.
  } finally {
    socket.destroy()
  }
}

async function forward(socket: Socket, stream: GrpcStream): Promise<void> {
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; at += CHUNK)
      await stream.send(bytesMessage.encode({ data: chunk.subarray(at, at + CHUNK) }))
  }
  stream.end()
}

async function answer(stream: GrpcStream, socket: Socket): Promise<void> {
  for await (const message of stream.messages()) socket.write(bytesMessage.decode(message).data)
  socket.end()
}
