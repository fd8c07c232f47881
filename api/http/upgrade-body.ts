import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { Readable } from 'node:stream'
import { badRequest } from './errors.ts'

/** A client that asks for an upgrade may send a document first: no more than this is expected, and held. */
const MAX_DOCUMENT = 64 * 1024

/**
 * The body of a request with `Upgrade`: Node's parser stops behind its head. What follows the body stays on the connection. Throws
 * 400 for one of great length. One that is announced in chunks is mostly none at all: whoever reads it is told so then.
 */
export async function readUpgradeBody(
  request: IncomingMessage,
  connection: Duplex,
  head: Buffer,
): Promise<Readable> {
  const length = Number(request.headers['content-length'] ?? 0)
  if (request.headers['transfer-encoding'] !== undefined) return unreadable()
  if (!Number.isInteger(length) || length > MAX_DOCUMENT) throw unknownLength()
  let bytes = head
  while (bytes.length < length) {
    const more = await nextChunk(connection)
    if (more === undefined) throw badRequest('unexpected EOF')
    bytes = Buffer.concat([bytes, more])
  }
  if (bytes.length > length) connection.unshift(bytes.subarray(length))
  return Readable.from(length === 0 ? [] : [bytes.subarray(0, length)])
}

const unknownLength = () =>
  badRequest('a request to upgrade needs a document of known, small length')

const unreadable = (): Readable =>
  new Readable({
    read() {
      this.destroy(unknownLength())
    },
  })

/** What the connection has next, whatever its size; `undefined` at its end. */
async function nextChunk(connection: Duplex): Promise<Buffer | undefined> {
  for (;;) {
    const chunk = connection.read() as Buffer | null
    if (chunk !== null) return chunk
    if (connection.readableEnded || connection.destroyed) return undefined
    await new Promise<void>((resolve) => {
      const wake = () => {
        for (const event of EVENTS) connection.off(event, wake)
        resolve()
      }
      for (const event of EVENTS) connection.on(event, wake)
    })
  }
}

const EVENTS = ['readable', 'end', 'close', 'error'] as const
