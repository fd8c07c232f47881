import { createSocket } from 'node:dgram'

/** A name server on `host`, port 53, that knows one address for every name. */
export async function startNameServer(host: string, answer: string): Promise<() => void> {
  const socket = createSocket('udp4')
  socket.on('message', (query, { address, port }) => {
    let end = 12
    while ((query[end] ?? 0) > 0) end += (query[end] ?? 0) + 1
    const question = query.subarray(12, end + 5)
    const isA = question.readUInt16BE(question.length - 4) === 1
    const head = Buffer.from([
      ...query.subarray(0, 2),
      0x81,
      0x80,
      0,
      1,
      0,
      isA ? 1 : 0,
      0,
      0,
      0,
      0,
    ])
    const record = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...answer.split('.').map(Number)]
    socket.send(Buffer.concat([head, question, Buffer.from(isA ? record : [])]), port, address)
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(53, host, resolve)
  })
  return () => socket.close()
}
