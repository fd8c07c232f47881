import { request } from 'node:http'
import type { Socket } from 'node:net'

/** A connection that became a stream. */
export interface Hijacked {
  status: number
  type: string | undefined
  socket: Socket
  /** All that came until now, and was not taken. */
  received: () => Buffer
  /** Everything until the other side ends the stream. */
  rest: () => Promise<Buffer>
}

/** Asks for `Upgrade: tcp` as Docker's clients do, with a JSON document where there is one. */
export async function hijack(socketPath: string, path: string, body?: unknown): Promise<Hijacked> {
  const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
  const headers = {
    Connection: 'Upgrade',
    Upgrade: 'tcp',
    ...(bytes && { 'Content-Type': 'application/json', 'Content-Length': bytes.length }),
  }
  return await new Promise((resolve, reject) => {
    const sent = request({ socketPath, method: 'POST', path, headers, agent: false })
    sent.on('error', reject)
    sent.on('response', (response) => {
      response.resume()
      reject(new Error(`${path}: ${response.statusCode}`))
    })
    sent.on('upgrade', (response, socket: Socket, head: Buffer) => {
      let chunks = [head]
      socket.on('data', (chunk: Buffer) => chunks.push(chunk))
      const ended = new Promise<void>((end) => socket.once('end', end))
      socket.on('error', reject)
      const received = () => {
        const all = Buffer.concat(chunks)
        chunks = []
        return all
      }
      resolve({
        status: response.statusCode ?? 0,
        type: response.headers['content-type'],
        socket,
        received: () => {
          const all = received()
          chunks.push(all)
          return all
        },
        rest: async () => {
          await ended
          socket.end()
          return received()
        },
      })
    })
    sent.end(bytes)
  })
}

/** Posts, and returns once the head of the answer is there: who waits for something has then begun to. */
export async function begin(socketPath: string, path: string): Promise<{ text: Promise<string> }> {
  return await new Promise((resolve, reject) => {
    const sent = request({ socketPath, method: 'POST', path, agent: false })
    sent.on('error', reject)
    sent.on('response', (response) => {
      const text = new Promise<string>((end, fail) => {
        let all = ''
        response.setEncoding('utf8').on('data', (chunk: string) => {
          all += chunk
        })
        response.on('end', () => end(all))
        response.on('error', fail)
      })
      // A promise in an object is not waited for.
      resolve({ text })
    })
    sent.end()
  })
}

/** The frames of a multiplexed stream, as `[stream, text]`; one after the other of the same stream are one. Throws for what is none. */
export function framesOf(bytes: Buffer): [number, string][] {
  const frames: [number, Buffer][] = []
  let at = 0
  while (at < bytes.length) {
    const stream = bytes[at] ?? 0
    const length = bytes.readUInt32BE(at + 4)
    const payload = bytes.subarray(at + 8, at + 8 + length)
    const isFrame = [1, 2].includes(stream) && bytes.readUIntBE(at + 1, 3) === 0
    if (!isFrame || length === 0 || payload.length < length) throw new Error(`No frame at ${at}`)
    const last = frames.at(-1)
    if (last?.[0] === stream) last[1] = Buffer.concat([last[1], payload])
    else frames.push([stream, payload])
    at += 8 + length
  }
  return frames.map(([stream, payload]) => [stream, payload.toString('utf8')])
}
