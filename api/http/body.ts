import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { ApiError, badRequest } from './errors.ts'

/** A document that a request carries may have so many bytes, 4 MiB. What is larger is a stream, and never held whole. */
const MAX_DOCUMENT = 4 * 1024 * 1024

/** What a request carries. It is read at most once, as a document or as a stream. */
export class Body {
  readonly stream: Readable
  readonly #headers: IncomingHttpHeaders

  constructor(stream: Readable, headers: IncomingHttpHeaders) {
    this.stream = stream
    this.#headers = headers
  }

  /** Whether the request has one at all. */
  get isEmpty(): boolean {
    return (
      this.#headers['transfer-encoding'] === undefined &&
      Number(this.#headers['content-length'] ?? 0) === 0
    )
  }

  /** The bytes of a small document. Throws 413 for what is larger. */
  async bytes(limit = MAX_DOCUMENT): Promise<Buffer> {
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of this.stream as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > limit) throw new ApiError(413, 'http: request body too large')
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  }

  /**
   * An object in JSON; `undefined` where the body is empty. Members that are not known are the handler's to ignore. Throws 400 in
   * the words of Docker's daemon.
   */
  async json(): Promise<Record<string, unknown> | undefined> {
    if (this.isEmpty) return undefined
    const type = this.#headers['content-type'] ?? ''
    if (type !== '' && !/^application\/json\s*(;|$)/i.test(type)) {
      throw badRequest(`unsupported Content-Type header (${type}): must be 'application/json'`)
    }
    const bytes = await this.bytes()
    if (bytes.length === 0) return undefined
    const value = parse(bytes.toString('utf8'))
    if (value === null) return undefined
    if (typeof value !== 'object' || Array.isArray(value)) {
      throw badRequest(
        `invalid JSON: json: cannot unmarshal ${kindOf(value)} into Go value of type object`,
      )
    }
    return value as Record<string, unknown>
  }
}

function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return /\\ud[89a-f]/i.test(text) ? wellFormed(value) : value
  } catch (error) {
    throw badRequest(`invalid JSON: ${describeFault(text, (error as Error).message)}`)
  }
}

/** As Go reads it: halves of characters are U+FFFD. What is written of a text with such halves is another text. */
function wellFormed(value: unknown): unknown {
  const text = JSON.stringify(value)
  // Those that are whole are written as themselves, and a backslash as two.
  const mended = text.replace(/\\\\|\\ud[89a-f][0-9a-f]{2}/g, (found) =>
    found === '\\\\' ? found : '\ufffd',
  )
  return JSON.parse(mended)
}

/** Where a document is cut short clients look for Go's words; Node tells others. */
function describeFault(text: string, message: string): string {
  const at = /at position (\d+)/.exec(message)?.[1]
  return at === undefined || Number(at) >= text.trimEnd().length ? 'unexpected EOF' : message
}

const kindOf = (value: unknown): string => (Array.isArray(value) ? 'array' : typeof value)
