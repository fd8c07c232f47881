import { duplexPair } from 'node:stream'
import { beforeAll, describe, expect, test } from 'vitest'
import { GrpcClient } from '../../../api/buildkit/grpc/client.ts'
import { frame, messagesOf } from '../../../api/buildkit/grpc/frames.ts'
import { type Method, serveGrpc } from '../../../api/buildkit/grpc/server.ts'
import {
  decodeMessage,
  encodeMessage,
  GrpcError,
  grpcError,
} from '../../../api/buildkit/grpc/status.ts'
import { carrySession } from '../../../api/buildkit/session/carried.ts'
import { Sessions } from '../../../api/buildkit/session/session.ts'
import { loadCodecs } from '../../../api/buildkit/wire/codec.ts'
import { bytesMessage } from '../../../api/buildkit/wire/types.ts'

beforeAll(loadCodecs)

async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function collect(messages: AsyncIterable<Buffer>): Promise<string[]> {
  const found: string[] = []
  for await (const message of messages) found.push(message.toString())
  return found
}

describe('frames', () => {
  const bytes = Buffer.concat(
    ['', 'a', 'b'.repeat(300), ''].map((text) => frame(Buffer.from(text))),
  )

  test.each([1, 2, 5, 6, 7, 299, 1000])('are found in pieces of %d bytes', async (size) => {
    expect(await collect(messagesOf(chunks(bytes, size)))).toEqual(['', 'a', 'b'.repeat(300), ''])
  })

  test.each([
    ['cut short', bytes.subarray(0, 8), 'unexpected EOF'],
    ['compressed', Buffer.from([1, 0, 0, 0, 0]), 'compressed'],
    ['too large', Buffer.from([0, 0xff, 0, 0, 0]), 'larger than max'],
  ])('that are %s are refused', async (_, wrong, words) => {
    await expect(collect(messagesOf(chunks(wrong, 3)))).rejects.toThrow(words)
  })
})

test('messages of failures survive headers', () => {
  const text = 'a %41 "ü" \n\0 €'
  expect(encodeMessage(text)).toMatch(/^[ -~]*$/)
  expect(decodeMessage(encodeMessage(text))).toBe(text)
  expect(decodeMessage('100%')).toBe('100%')
})

/** A client and a server with these methods. */
async function pair(methods: Record<string, Method>): Promise<GrpcClient> {
  const [ours, theirs] = duplexPair()
  void serveGrpc(
    theirs,
    (path) => methods[path],
    (error) => grpcError('UNKNOWN', `told: ${(error as Error).message}`),
  )
  return await GrpcClient.over(ours)
}

const hello = Buffer.from('hello')

describe('calls', () => {
  test('have messages in both directions', async () => {
    const client = await pair({
      '/echo': async (call) => {
        for await (const message of call.messages()) await call.send(message)
      },
    })
    using stream = client.open('/echo', { metadata: { list: ['a', 'b'] } })
    const large = Buffer.alloc(3 * 1024 * 1024, 'x')
    const all = collect(stream.messages())
    await stream.send(hello)
    await stream.send(large)
    stream.end()
    expect(await all).toEqual(['hello', large.toString()])
    client.close()
  })

  test('end with what the server throws', async () => {
    const client = await pair({
      '/status': async () => {
        throw new GrpcError(5, 'näh\n')
      },
      '/fault': async () => {
        throw new Error('broken')
      },
    })
    await expect(client.unary('/status', hello)).rejects.toMatchObject({
      code: 5,
      message: 'näh\n',
    })
    await expect(client.unary('/fault', hello)).rejects.toMatchObject({
      code: 2,
      message: 'told: broken',
    })
    await expect(client.unary('/nosuch', hello)).rejects.toMatchObject({ code: 12 })
    client.close()
  })

  test('are told that the client has no more use for them', async () => {
    const gone = Promise.withResolvers<unknown>()
    const begun = Promise.withResolvers<void>()
    const client = await pair({
      '/wait': async ({ signal }) => {
        begun.resolve()
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        gone.resolve(signal.reason)
      },
    })
    const stop = new AbortController()
    const call = client.unary('/wait', hello, { signal: stop.signal })
    call.catch(() => undefined)
    await begun.promise
    stop.abort()
    expect(await gone.promise).toMatchObject({ message: 'context canceled' })
    await expect(call).rejects.toThrow()
    client.close()
    await client.closed
    expect(() => client.open('/wait')).toThrow('the session of the client is over')
  })
})

describe('sessions', () => {
  test('can be carried by a call', async () => {
    const sessions = new Sessions()
    const control = await pair({ '/session': (call) => carrySession(sessions, call) })
    using carrier = control.open('/session', {
      metadata: {
        'x-docker-expose-session-uuid': 'abc',
        'x-docker-expose-session-grpc-method': ['/Hello', '/Other'],
      },
    })
    const [inner, outer] = duplexPair()
    void serveGrpc(
      inner,
      () => (call) => call.send(hello),
      () => grpcError('UNKNOWN', ''),
    )
    const up = (async () => {
      for await (const data of outer as AsyncIterable<Buffer>)
        await carrier.send(bytesMessage.encode({ data }))
    })()
    up.catch(() => undefined)
    const down = (async () => {
      for await (const message of carrier.messages()) outer.write(bytesMessage.decode(message).data)
    })()
    down.catch(() => undefined)
    const session = await sessions.find('abc', AbortSignal.timeout(5000))
    expect([...session.methods]).toEqual(['/hello', '/other'])
    expect((await session.grpc.unary('/hello', hello)).toString()).toBe('hello')
    control.close()
    await session.grpc.closed
    await expect(sessions.find('abc', AbortSignal.timeout(5000), 1)).rejects.toThrow(
      'no active session for abc',
    )
  })

  test('are waited for while they open, and have one id each', async () => {
    const sessions = new Sessions()
    const waiting = sessions.find('late', AbortSignal.timeout(5000))
    const facts = { id: 'late', name: '', sharedKey: '', methods: new Set<string>() }
    const [ours] = duplexPair()
    const running = sessions.run(facts, () => ours)
    expect((await waiting).id).toBe('late')
    await expect(sessions.run(facts, () => duplexPair()[0])).rejects.toThrow('already open')
    ;(await waiting).grpc.close()
    await running
  })
})
