import { Readable } from 'node:stream'
import { LighterError } from '../../core/errors.ts'

/** The first bytes of a stream, fewer only where it is shorter, and the whole of it. */
export async function peek(
  input: NodeJS.ReadableStream,
  wanted: number,
): Promise<{ head: Buffer; whole: Readable }> {
  const iterator = (input as AsyncIterable<Buffer | string>)[Symbol.asyncIterator]()
  const chunks: Buffer[] = []
  let size = 0
  while (size < wanted) {
    const next = await iterator.next()
    if (next.done) break
    const chunk = Buffer.from(next.value as Buffer)
    chunks.push(chunk)
    size += chunk.length
  }
  const head = Buffer.concat(chunks)
  const rest = async function* (): AsyncGenerator<Buffer> {
    if (head.length > 0) yield head
    for (let next = await iterator.next(); !next.done; next = await iterator.next())
      yield Buffer.from(next.value as Buffer)
  }
  return { head: head.subarray(0, wanted), whole: Readable.from(rest(), { objectMode: false }) }
}

/** All of a stream that is short. Throws `build`. */
export async function readAll(input: NodeJS.ReadableStream, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of input as AsyncIterable<Buffer | string>) {
    const bytes = Buffer.from(chunk as Buffer)
    size += bytes.length
    if (size > limit) throw new LighterError('build', `dockerfile is larger than ${limit} bytes`)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}
