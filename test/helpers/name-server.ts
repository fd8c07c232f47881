import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'

/** A name server on `host`, port 53, that knows one address for every name; `truncated`: it says so over TCP alone. */
export async function startNameServer(
  host: string,
  answer: string,
  { truncated = false } = {},
): Promise<() => void> {
  const socket = createSocket('udp4')
  socket.on('message', (query, { address, port }) => {
    socket.send(reply(query, answer, truncated), port, address)
  })
  const server = createServer((client) => {
    client.on('error', () => client.destroy())
    client.once('data', (bytes) => {
      const message = reply(bytes.subarray(2), answer, false)
      client.end(Buffer.concat([Buffer.from([message.length >> 8, message.length]), message]))
    })
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(53, host, resolve)
  })
  await new Promise<void>((resolve) => server.listen(53, host, resolve))
  return () => {
    socket.close()
    server.close()
  }
}

function reply(query: Buffer, answer: string, truncated: boolean): Buffer {
  let end = 12
  while ((query[end] ?? 0) > 0) end += (query[end] ?? 0) + 1
  const question = query.subarray(12, end + 5)
  const isA = !truncated && question.readUInt16BE(question.length - 4) === 1
  const flags = truncated ? [0x83, 0x80] : [0x81, 0x80]
  const counts = [0, 1, 0, isA ? 1 : 0, 0, 0, 0, 0]
  const head = Buffer.from([...query.subarray(0, 2), ...flags, ...counts])
  const record = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...answer.split('.').map(Number)]
  return Buffer.concat([head, question, Buffer.from(isA ? record : [])])
}
