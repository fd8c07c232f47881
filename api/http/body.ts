import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { ApiError, badRequest } from './errors.ts'
import { GoJsonFault, goKind, parseGoJson, TRAILING } from './go-json.ts'

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
   * An object in JSON; `undefined` where the body is empty. Members that are not known are the handler's to ignore. `type`: what Go calls
   * it. Throws 400 in the words of Docker's daemon.
   */
  async json(type: string): Promise<Record<string, unknown> | undefined> {
    this.checkType()
    if (this.isEmpty) return undefined
    const bytes = await this.bytes()
    if (bytes.length === 0) return undefined
    const value = parse(bytes.toString('utf8'))
    if (value === null) return {}
    if (typeof value !== 'object' || Array.isArray(value)) {
      throw badRequest(
        `invalid JSON: json: cannot unmarshal ${goKind(value)} into Go value of type ${type}`,
      )
    }
    return value as Record<string, unknown>
  }

  /** Throws 400 unless it is said to be JSON. Nothing has to be said of no body. */
  checkType(): void {
    const type = this.#headers['content-type'] ?? ''
    if (type === '' && this.isEmpty) return
    const [, media = '', parameters = ''] = /^\s*([^;]*?)\s*(?:;(.*))?$/s.exec(type) ?? []
    if (media === '')
      throw badRequest(`malformed Content-Type header (${type}): mime: no media type`)
    if (!/^\s*$|^(\s*[\w-]+=("[^"]*"|[^\s";]+)\s*(;|$))+\s*$/.test(parameters)) {
      throw badRequest(`malformed Content-Type header (${type}): mime: invalid media parameter`)
    }
    if (media.toLowerCase() === 'application/json') return
    throw badRequest(`unsupported Content-Type header (${type}): must be 'application/json'`)
  }
}

function parse(text: string): unknown {
  try {
    const value = parseGoJson(text, true)
    return /\\ud[89a-f]/i.test(text) ? wellFormed(value) : value
  } catch (error) {
    if (!(error instanceof GoJsonFault)) throw error
    const { message } = error
    if (message === TRAILING) throw badRequest(message)
    // Read from a stream, what is cut short has other words.
    const isCut = message === 'unexpected end of JSON input'
    throw badRequest(`invalid JSON: ${isCut ? 'unexpected EOF' : message}`)
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
