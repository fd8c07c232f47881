import { formatSize } from '../../lib/core/units.ts'
import type { AnswerStream, Reply } from '../http/reply.ts'

/** One line of a stream of progress, as Docker's clients read it. */
export type Message = Readonly<Record<string, unknown>>

/** Milliseconds between two lines that only count on. */
const PERIOD = 100
const BAR = 50
/** So many bytes may wait for a client that reads slowly before what is out of date is left out. */
const MAX_WAITING = 256 * 1024

/**
 * An answer of progress that begins with its first line. Whoever tells never waits: counts that a slow client has not read yet are
 * replaced by later ones.
 */
export class ProgressStream {
  readonly #reply: Reply
  #answer: AnswerStream | undefined
  /** The last count of each thing that nobody was told yet. */
  readonly #counts = new Map<string, Message>()
  readonly #told = new Map<string, number>()

  constructor(reply: Reply) {
    this.#reply = reply
  }

  /** Whether the answer has begun: what fails now is told in it. */
  get hasBegun(): boolean {
    return this.#answer !== undefined
  }

  tell(message: Message): void {
    this.#write(`${JSON.stringify(message)}\r\n`)
  }

  /** The state of one thing, of a layer. With a `current` it may be left out where a later one says more. */
  tellState(id: string, status: string, current?: number, total?: number): void {
    if (current !== undefined && total !== undefined) {
      this.#count(id, { status, ...progressOf(current, total), id }, current < total)
      return
    }
    this.#counts.delete(id)
    this.tell({ status, progressDetail: {}, id })
  }

  /** How far the one thing is that there is. */
  tellCount(status: string, current: number, total: number): void {
    this.#count('', { status, ...progressOf(current, total) }, current < total)
  }

  tellFailure(message: string): void {
    this.tell({ errorDetail: { message }, error: message })
  }

  /** Tells what failed where the answer has begun; throws it where it has not. */
  fail(error: unknown, message: string): void {
    if (!this.hasBegun) throw error
    this.tellFailure(message)
  }

  /** Bytes that the client has not read yet. */
  get waiting(): number {
    return this.#answer?.writable.writableLength ?? 0
  }

  /** Returns once there is room for more, or the client is gone. */
  async drained(): Promise<void> {
    const writable = this.#answer?.writable
    if (!writable?.writableNeedDrain || writable.destroyed) return
    await new Promise<void>((resolve) => {
      const wake = () => {
        writable.off('drain', wake).off('close', wake)
        resolve()
      }
      writable.on('drain', wake).on('close', wake)
    })
  }

  /** The last word. Returns once the client has it, or is gone. */
  async end(): Promise<void> {
    for (const message of this.#counts.values()) this.tell(message)
    const { writable } = this.#begin()
    await new Promise<void>((resolve) => {
      writable.once('close', resolve)
      writable.end(resolve)
    })
  }

  #count(id: string, message: Message, goesOn: boolean): void {
    const now = performance.now()
    const isEarly = goesOn && now - (this.#told.get(id) ?? -PERIOD) < PERIOD
    if (isEarly || this.waiting > MAX_WAITING) {
      this.#counts.set(id, message)
      return
    }
    this.#told.set(id, now)
    this.#counts.delete(id)
    this.tell(message)
  }

  #begin(): AnswerStream {
    this.#answer ??= this.#reply.stream('application/json')
    return this.#answer
  }

  #write(text: string): void {
    const { writable } = this.#begin()
    if (!writable.destroyed) writable.write(text)
  }
}

const progressOf = (current: number, total: number): Message => ({
  progressDetail: { current, ...(total > 0 ? { total } : {}) },
  progress: bar(current, total),
})

/** `[=====>        ]  1.05MB/2.1MB`, as Docker's daemon draws it for clients that do not themselves. */
export function bar(current: number, total: number): string {
  const size = formatSize(current, 4).padStart(8)
  if (total <= 0) return size
  const filled = Math.min(BAR, Math.floor((current / total) * BAR))
  const drawn = `${'='.repeat(filled)}>${' '.repeat(BAR - filled)}`
  return `[${drawn}] ${current > total ? size : `${size}/${formatSize(total, 4)}`}`
}
