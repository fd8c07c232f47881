/** What a monitor calls the streams, and the numbers that Docker's clients know them by. */
const STREAMS: Readonly<Record<number, number>> = { [code('o')]: 1, [code('e')]: 2 }
const STARTED = code('P')
/** After these nothing comes that an attached client is told. */
const LAST: ReadonlySet<number> = new Set([code('X'), code('G'), code('F')])

const HEADER = 8

function code(letter: string): number {
  return letter.charCodeAt(0)
}

/**
 * Makes of a monitor's frames (docs/native-protocol.md) what an attached client reads: the frames of Docker, which have the same size and
 * another first byte, or of a terminal the bare bytes.
 */
export class MonitorOutput {
  readonly #isBare: boolean
  #type = 0
  /** Of the frame's payload, and what of it has not come. */
  #length = 0
  #left = 0
  /** How much of a header has come. */
  #header = 0
  #hasStarted = false
  #isOver = false

  constructor(isBare: boolean) {
    this.#isBare = isBare
  }

  /** Whether the container's process was started. */
  get hasStarted(): boolean {
    return this.#hasStarted
  }

  /** Whether nothing more comes. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** What the client gets of a chunk, written over the chunk itself: nothing is copied where all of it is for the client. */
  take(chunk: Buffer): Buffer {
    let read = 0
    let written = 0
    while (read < chunk.length && !this.#isOver) {
      if (this.#left === 0) {
        written = this.#takeHeader(chunk, read++, written)
        continue
      }
      const count = Math.min(this.#left, chunk.length - read)
      if (this.#type in STREAMS) {
        if (written !== read) chunk.copyWithin(written, read, read + count)
        written += count
      }
      this.#left -= count
      read += count
    }
    return chunk.subarray(0, written)
  }

  /** One byte of a header; returns the place of the next byte for the client. */
  #takeHeader(chunk: Buffer, read: number, written: number): number {
    const byte = chunk[read] ?? 0
    if (this.#header === 0) {
      this.#type = byte
      this.#length = 0
    }
    const stream = STREAMS[this.#type]
    const isKept = stream !== undefined && !this.#isBare
    if (isKept) chunk[written++] = this.#header === 0 ? stream : byte
    if (this.#header >= 4) this.#length = this.#length * 256 + byte
    if (++this.#header === HEADER) this.#endHeader()
    return written
  }

  #endHeader(): void {
    this.#header = 0
    this.#left = this.#length
    if (this.#type === STARTED) this.#hasStarted = true
    if (LAST.has(this.#type)) this.#isOver = true
  }
}
