import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import type { Readable } from 'node:stream'
import { until } from './until.ts'

/** A request whose answer is read while it comes. */
export interface OpenCall {
  status: number
  /** The JSON documents that have come by now. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look at single members
  messages: any[]
  /** The client is gone, in the middle of it. */
  vanish: () => void
  /** The answer is whole, or was cut short. */
  ended: Promise<'whole' | 'cut'>
}

export interface CallBody {
  /** Sent in chunks; it may go on after the answer has begun. */
  body?: Readable | Buffer
  headers?: Record<string, string>
  /** The client is gone once it is aborted, also before the answer has begun. */
  signal?: AbortSignal
}

/** Begins a request to a service; returns once its answer has begun. */
export async function openCall(
  socketPath: string,
  method: string,
  path: string,
  { body, headers = {}, signal }: CallBody = {},
): Promise<OpenCall> {
  const type = body ? { 'Content-Type': 'application/x-tar' } : {}
  const sent: ClientRequest = request({
    ...{ socketPath, method, path, agent: false, ...(signal ? { signal } : {}) },
    headers: { ...type, ...headers },
  })
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve)
    sent.once('error', reject)
  })
  if (body === undefined || Buffer.isBuffer(body)) sent.end(body)
  else body.pipe(sent)
  const response = await answered
  sent.on('error', () => undefined)
  const call: OpenCall = {
    status: response.statusCode ?? 0,
    messages: [],
    vanish: () => void sent.destroy(),
    ended: new Promise((resolve) => {
      response.on('close', () => resolve(response.complete ? 'whole' : 'cut'))
    }),
  }
  let rest = ''
  response.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\r\n')
    rest = lines.pop() ?? ''
    call.messages.push(...lines.map((line) => JSON.parse(line)))
  })
  response.on('error', () => undefined)
  return call
}

/** Waits until a message has come that passes. */
export const untilMessage = (
  { messages }: OpenCall,
  test: (message: OpenCall['messages'][number]) => boolean,
): Promise<void> => until(() => messages.some(test), 'the message')

/** The documents of a stream of progress that is over. */
export const messagesOf = (text: string): OpenCall['messages'] =>
  text
    .split('\r\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
