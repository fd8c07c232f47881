import { StringDecoder } from 'node:string_decoder'
import type { Vertex, VertexLog, VertexStatus, VertexWarning } from '../../../lib/build/progress.ts'
import { printable } from '../../../lib/core/printable.ts'
import { formatStamp } from './amounts.ts'

/** Lines that are shown again where a step fails. */
const RECENT = 10

/** A step of a build as far as it has come, with what is not shown of it yet. */
export class Step {
  info: Vertex
  /** Those that have begun, in that order. */
  readonly statuses = new Map<string, VertexStatus>()
  /** Ids of statuses that have changed. */
  readonly changed = new Set<string>()
  readonly warnings: VertexWarning[] = []
  /** What is printed and not shown yet: lines with the time at which each began. */
  lines: string[] = []
  /** The last line has no end yet. */
  partial = false
  /** The last lines, whether shown or not. */
  readonly recent: string[] = []
  /** When it ran, in milliseconds since 1970: a step may run more than once. */
  readonly #spans = new Map<number, number | undefined>()
  readonly #decoders = { 1: new StringDecoder('utf8'), 2: new StringDecoder('utf8') }
  readonly #keep: number

  /** `keep`: how many of its last lines are remembered. */
  constructor(info: Vertex, keep = RECENT) {
    this.info = info
    this.#keep = keep
  }

  get name(): string {
    return printable(this.info.name)
  }

  get isStarted(): boolean {
    return this.#spans.size > 0
  }

  get isCompleted(): boolean {
    return this.isStarted && [...this.#spans.values()].every((end) => end !== undefined)
  }

  get failure(): string | undefined {
    return this.info.error || undefined
  }

  /** It was ended because another one failed, or by the user. */
  get isCancelled(): boolean {
    return this.info.error?.endsWith('context canceled') === true
  }

  /** Milliseconds that it has run up to now. */
  duration(now: number): number {
    let sum = 0
    for (const [start, end] of this.#spans) sum += Math.max(0, (end ?? now) - start)
    return sum
  }

  /** Returns whether there is something to show. */
  update(next: Vertex): boolean {
    const old = this.info
    // Told again without its beginning: the plan, repeated.
    if (this.isStarted && !next.started) return false
    this.info = next
    if (!next.started) return false
    const begins = !this.isStarted
    this.#spans.set(next.started.getTime(), next.completed?.getTime())
    return (
      begins ||
      next.name !== old.name ||
      next.started.getTime() !== old.started?.getTime() ||
      (next.completed !== undefined && next.completed.getTime() !== old.completed?.getTime()) ||
      next.cached !== old.cached ||
      next.error !== old.error
    )
  }

  setStatus(status: VertexStatus): void {
    if (status.started) this.statuses.set(status.id, status)
    this.changed.add(status.id)
  }

  /** Returns the text. */
  write({ stream, data, timestamp }: VertexLog): string {
    const text = this.#decoders[stream].write(data)
    if (text === '') return text
    const pieces = text.split('\n')
    const complete = pieces.at(-1) === ''
    if (complete) pieces.pop()
    for (const [index, piece] of pieces.entries()) {
      if (index === 0 && this.partial) this.#append(piece)
      else this.#push(`${formatStamp(this.#since(timestamp))} ${piece}`)
    }
    this.partial = !complete
    return text
  }

  #since(time: Date): number {
    const start = [...this.#spans.keys()].at(-1)
    return start === undefined ? 0 : Math.max(0, time.getTime() - start)
  }

  #push(line: string): void {
    this.lines.push(line)
    this.recent.push(line)
    if (this.recent.length > this.#keep) this.recent.shift()
  }

  #append(piece: string): void {
    this.recent.push((this.recent.pop() ?? '') + piece)
    this.lines.push((this.lines.pop() ?? '') + piece)
  }
}
