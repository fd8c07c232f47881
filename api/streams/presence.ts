import type { Duplex } from 'node:stream'

/** How often it is asked whether a client is still there, in milliseconds. */
const INTERVAL = 1000
const NOTHING = Buffer.alloc(0)

const connections = new WeakMap<Duplex, Duplex>()

/** `client`: a stream whose bytes a connection carries in messages, one of which a probe must not be. */
export function carriedBy(client: Duplex, connection: Duplex): void {
  connections.set(client, connection)
}

/**
 * A client that has died looks like one that sends nothing more, until it is written to. No bytes at all are enough for that on a Unix
 * socket.
 */
function probe(client: Duplex): void {
  const connection = connections.get(client) ?? client
  if (connection.writable) connection.write(NOTHING)
}

/** Looks for the death of a client while it is not read, since the container may never read on; until what is returned is disposed of. */
export function probing(client: Duplex): Disposable {
  const timer = setInterval(() => probe(client), INTERVAL)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** Destroys the client when it dies after it has sent all: nothing but being written to tells of that, and there may be nothing to write. */
export function noticeDeath(client: Duplex): void {
  const begin = () => {
    probe(client)
    const watch = probing(client)
    client.once('close', () => watch[Symbol.dispose]())
  }
  if (client.destroyed) return
  if (client.readableEnded) begin()
  else client.once('end', begin)
}
