import type { IncomingMessage } from 'node:http'
import { Transform } from 'node:stream'
import { type Intercept, isBlob } from './front.ts'

/** Which requests a fault is for. */
export type Which = (request: IncomingMessage) => boolean

export const isManifest: Which = ({ url = '' }) => url.includes('/manifests/')
/** The answer to a request for this blob. */
export const ofBlob =
  (digest: string): Which =>
  ({ url = '', method }) =>
    method === 'GET' && url.endsWith(`/blobs/${digest}`)
/** A part of an upload, by its method. */
export const ofUpload =
  (method: string): Which =>
  (request) =>
    request.method === method && (request.url ?? '').includes('/blobs/uploads/')

/** Lets a fault happen to so many of the requests that it is for; all others are answered as they should be. */
export function spoil(which: Which, fault: Intercept, times = 1): Intercept {
  let left = times
  return (request, response, forward) => {
    if (!which(request) || left <= 0) return forward()
    left -= 1
    fault(request, response, forward)
  }
}

/** Several faults: each request gets the first that is for it. */
export const either =
  (...faults: [Which, Intercept][]): Intercept =>
  (request, response, forward) => {
    const found = faults.find(([which]) => which(request))
    if (found) found[1](request, response, forward)
    else forward()
  }

/** The connection breaks behind so many bytes of the answer's body. */
export const cutAt =
  (bytes: number): Intercept =>
  ({ socket }, _response, forward) => {
    // Before any of it: not even the head is heard.
    if (bytes === 0) return void socket.destroy()
    forward((piece, offset) => {
      if (offset + piece.length < bytes) return piece
      if (offset < bytes) setTimeout(() => socket.destroy(), 50)
      return offset < bytes ? piece.subarray(0, bytes - offset) : undefined
    })
  }

/** The body ends behind so many bytes, and the head says that this was all. */
export const shortenTo =
  (bytes: number): Intercept =>
  (_request, _response, forward) =>
    forward((piece, offset) => piece.subarray(0, Math.max(0, bytes - offset)), {
      head: (headers) => ({ ...headers, 'content-length': String(bytes) }),
    })

/** One byte is another. */
export const corruptAt =
  (at: number): Intercept =>
  (_request, _response, forward) =>
    forward((piece, offset) => {
      const place = at - offset
      if (place >= 0 && place < piece.length) piece.writeUInt8(piece.readUInt8(place) ^ 1, place)
      return piece
    })

/** The answer of somebody else. */
export const answer =
  (status: number, headers: Record<string, string> = {}, body = ''): Intercept =>
  (request, response) => {
    request.resume()
    request.on('end', () => response.writeHead(status, headers).end(body))
  }

/** The answer takes its time. */
export const delay =
  (milliseconds: number): Intercept =>
  (_request, _response, forward) =>
    void setTimeout(forward, milliseconds)

/** No more bytes a second come down, or go up. */
export const throttle =
  (way: 'down' | 'up', bytesPerSecond: number): Intercept =>
  (_request, _response, forward) =>
    forward(undefined, { [way]: pace(bytesPerSecond) })

/** Not much more than so many bytes come before it is opened. */
export const holdAt =
  (bytes: number, opened: Promise<void>): Intercept =>
  (_request, _response, forward) => {
    let passed = 0
    const down = new Transform({
      transform(piece, _encoding, done) {
        passed += piece.length
        if (passed < bytes) done(null, piece)
        else void opened.then(() => done(null, piece))
      },
    })
    forward(undefined, { down })
  }

function pace(bytesPerSecond: number): Transform {
  return new Transform({
    readableHighWaterMark: 4096,
    writableHighWaterMark: 4096,
    transform(piece, _encoding, done) {
      setTimeout(() => done(null, piece), (piece.length / bytesPerSecond) * 1000)
    },
  })
}

/** The registry does what it is told; nobody hears of it. */
export const loseAnswer: Intercept = (_request, response, forward) =>
  forward(() => undefined, {
    head: (headers) => {
      response.destroy()
      return headers
    },
  })

/** As if the whole blob had been asked for. */
export const ignoreRange: Intercept = (request, _response, forward) => {
  delete request.headers.range
  forward()
}

/** The whole blob as if it was the part that was asked for. */
export const lieAboutRange: Intercept = (request, response, forward) => {
  const from = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0)
  delete request.headers.range
  response.statusCode = 206
  const { writeHead } = response
  response.writeHead = ((_status: number, headers: Record<string, string>) =>
    writeHead.call(response, 206, headers)) as typeof writeHead
  forward(undefined, {
    head: ({ 'content-length': length, ...headers }) => ({
      ...headers,
      'content-range': `bytes ${from}-${Number(length) - 1}/${length}`,
    }),
  })
}

/** The right part, said to begin elsewhere. */
export const shiftRange =
  (by: number): Intercept =>
  (_request, _response, forward) =>
    forward(undefined, {
      head: (headers) => ({
        ...headers,
        'content-range': (headers['content-range'] ?? '').replace(/\d+/, (from) =>
          String(Number(from) + by),
        ),
      }),
    })

/** As if the permission had run out on the way. */
export const forgetPermission: Intercept = (request, _response, forward) => {
  delete request.headers.authorization
  forward()
}

/** Lets a part of a large blob through, then nothing more, once. */
export function stallOnce(after: number): Intercept {
  let stalled = false
  return (request, _response, forward) => {
    if (!isBlob(request) || stalled) return forward()
    forward((piece, offset) => {
      if (offset + piece.length > after) stalled = true
      return offset > after ? undefined : piece
    })
  }
}
