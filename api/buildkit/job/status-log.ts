import type {
  BuildProgress,
  Vertex,
  VertexLog,
  VertexStatus,
  VertexWarning,
} from '../../../lib/build/progress.ts'
import { lazyCrypto } from '../../../lib/core/lazy.ts'
import { type StatusResponse, timestamp } from '../wire/types.ts'

/** Bytes of output of steps that wait for a client to read them; what comes beyond is left out, and said to be. */
const MAX_WAITING = 16 * 1024 * 1024
/** Milliseconds in which what happens is told together. */
const PAUSE = 50

const nothing = (): StatusResponse => ({ vertexes: [], statuses: [], logs: [], warnings: [] })

/** What happens in a build, kept for whoever asks for it. What was told once is not told again. */
export class StatusLog implements BuildProgress {
  readonly #ref: string
  readonly #digests = new Map<string, string>()
  #waiting = nothing()
  #bytes = 0
  readonly #clipped = new Set<string>()
  #isOver = false
  #wake: (() => void) | undefined

  /** `ref`: of a build that clients may show together with others: equal steps of them are not one. `''`: it is shown alone. */
  constructor(ref = '') {
    this.#ref = ref
  }

  vertex({ digest, inputs, name, started, completed, cached, error }: Vertex): void {
    this.#waiting.vertexes.push({
      digest: this.#own(digest),
      inputs: inputs.map((input) => this.#own(input)),
      name,
      ...(started ? { started: timestamp(started) } : {}),
      ...(completed ? { completed: timestamp(completed) } : {}),
      ...(cached ? { cached } : {}),
      ...(error === undefined ? {} : { error }),
    })
    this.#tell()
  }

  status({ id, vertex, total, current, timestamp: at, started, completed }: VertexStatus): void {
    this.#waiting.statuses.push({
      id,
      vertex: this.#own(vertex),
      total,
      current,
      timestamp: timestamp(at),
      ...(started ? { started: timestamp(started) } : {}),
      ...(completed ? { completed: timestamp(completed) } : {}),
    })
    this.#tell()
  }

  log({ vertex, stream, data, timestamp: at }: VertexLog): void {
    if (this.#bytes + data.length > MAX_WAITING) {
      if (this.#clipped.has(vertex)) return
      this.#clipped.add(vertex)
    } else this.#clipped.delete(vertex)
    const msg = this.#clipped.has(vertex) ? CLIPPED : data
    this.#bytes += msg.length
    this.#waiting.logs.push({ vertex: this.#own(vertex), stream, msg, timestamp: timestamp(at) })
    this.#tell()
  }

  warning({ vertex, level, short, detail, url, file, lines, start, end }: VertexWarning): void {
    this.#waiting.warnings.push({
      vertex: this.#own(vertex),
      level,
      short: Buffer.from(short),
      detail: [Buffer.from(detail)],
      url,
      info: { filename: file, data: Buffer.from((lines ?? []).join('\n')) },
      ranges: [{ start: { line: start }, end: { line: end } }],
    })
    this.#tell()
  }

  #own(digest: string): string {
    if (this.#ref === '') return digest
    const known = this.#digests.get(digest)
    if (known !== undefined) return known
    const hash = lazyCrypto().createHash('sha256').update(`${this.#ref} ${digest}`).digest('hex')
    this.#digests.set(digest, `sha256:${hash}`)
    return `sha256:${hash}`
  }

  /** Nothing more happens. */
  end(): void {
    this.#isOver = true
    this.#tell()
  }

  /** What happens, until nothing more does or `signal` is aborted. */
  async *read(signal: AbortSignal): AsyncGenerator<StatusResponse> {
    const stop = (): void => this.#tell()
    signal.addEventListener('abort', stop, { once: true })
    try {
      for (;;) {
        if (signal.aborted) return
        const waiting = this.#waiting
        if (Object.values(waiting).some((list) => list.length > 0)) {
          this.#waiting = nothing()
          this.#bytes = 0
          yield waiting
        } else if (this.#isOver) return
        else await this.#pause()
      }
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    if (!this.#isOver) await new Promise((resolve) => setTimeout(resolve, PAUSE))
  }

  #tell(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}

const CLIPPED = Buffer.from('\n[output clipped, it comes faster than it is read]\n')
