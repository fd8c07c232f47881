import { grpcError } from './status.ts'

const HEAD = 5
/** As much as BuildKit's own programs send in one message. */
const MAX_MESSAGE = 16 * 1024 * 1024

/** A message as it is sent: one byte that says that it is not compressed, and its length. */
export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(HEAD + message.length)
  framed[0] = 0
  framed.writeUInt32BE(message.length, 1)
  framed.set(message, HEAD)
  return framed
}

/** The messages of a stream of bytes. Throws `GrpcError` for one that is compressed, too large, or cut short. */
export async function* messagesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const pending: Buffer[] = []
  let length = 0
  let wanted = HEAD
  for await (const chunk of stream) {
    pending.push(chunk)
    length += chunk.length
    while (length >= wanted) {
      const joined = pending.length === 1 ? (pending[0] as Buffer) : Buffer.concat(pending)
      const size = HEAD + sizeOf(joined)
      wanted = size
      pending.splice(0, pending.length, joined)
      if (length < size) break
      yield joined.subarray(HEAD, size)
      pending.splice(0, 1, joined.subarray(size))
      length -= size
      wanted = HEAD
    }
  }
  if (length > 0) throw grpcError('INTERNAL', 'unexpected EOF')
}

function sizeOf(head: Buffer): number {
  if (head[0] !== 0)
    throw grpcError('UNIMPLEMENTED', 'grpc: compressed messages are not understood')
  const size = head.readUInt32BE(1)
  if (size <= MAX_MESSAGE) return size
  throw grpcError(
    'RESOURCE_EXHAUSTED',
    `grpc: received message larger than max (${size} vs. ${MAX_MESSAGE})`,
  )
}
