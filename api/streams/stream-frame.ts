/** The head of a frame by which standard output (1) and error (2) share a connection: stream, three zeros, length (u32, big endian). */
export function streamHeader(stream: 1 | 2, length: number): Buffer {
  const header = Buffer.alloc(8)
  header[0] = stream
  header.writeUInt32BE(length, 4)
  return header
}

/** A whole frame. Nobody expects an empty one. */
export const streamFrame = (stream: 1 | 2, bytes: Buffer): Buffer =>
  Buffer.concat([streamHeader(stream, bytes.length), bytes])
