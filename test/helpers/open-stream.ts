import { type IncomingMessage, request } from 'node:http'
import type { Duplex, Readable } from 'node:stream'

/** An answer, or a connection that became a stream, that is read while it comes. */
export interface OpenStream {
  status: number
  /** All that has come by now. */
  bytes: () => Buffer
  /** It is over for the one who sends it, or was cut short. */
  ended: Promise<'whole' | 'cut'>
  /** Reads no further, or again. */
  pause: () => void
  resume: () => void
  /** The client is gone. */
  vanish: () => void
}

export interface StreamRequest {
  method?: string
  path: string
  headers?: Record<string, string>
  /** A document, or what is sent in chunks. */
  body?: object | Readable
}

/** What asks for a connection in both directions. */
export const UPGRADE = { Connection: 'Upgrade', Upgrade: 'tcp' }
export const WEBSOCKET = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': Buffer.alloc(16).toString('base64'),
}

/** Begins a request; returns once its answer has begun. */
export async function openStream(
  socketPath: string,
  { method = 'GET', path, headers = {}, body }: StreamRequest,
): Promise<OpenStream> {
  const isStream = body !== undefined && 'pipe' in body
  const document = body === undefined || isStream ? undefined : Buffer.from(JSON.stringify(body))
  const about = document && {
    'Content-Type': 'application/json',
    'Content-Length': String(document.length),
  }
  const sent = request({
    ...{ socketPath, method, path, agent: false },
    headers: { ...about, ...headers },
  })
  const answered = new Promise<OpenStream>((resolve, reject) => {
    sent.once('response', (response) => resolve(follow(response, response.statusCode)))
    sent.once('upgrade', (response, socket, head) =>
      resolve(follow(socket, response.statusCode, head)),
    )
    sent.once('error', reject)
  })
  if (isStream) (body as Readable).pipe(sent)
  else sent.end(document)
  return await answered
}

function follow(stream: Duplex | IncomingMessage, status = 0, head?: Buffer): OpenStream {
  const chunks = head ? [head] : []
  let isWhole = false
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  stream.on('error', () => undefined)
  const ended = new Promise<'whole' | 'cut'>((resolve) => {
    stream.once('end', () => {
      isWhole = !('complete' in stream) || stream.complete
      resolve(isWhole ? 'whole' : 'cut')
    })
    stream.once('close', () => resolve(isWhole ? 'whole' : 'cut'))
  })
  return {
    status,
    bytes: () => Buffer.concat(chunks),
    ended,
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    vanish: () => void stream.destroy(),
  }
}
