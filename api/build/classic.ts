import type {
  BuildProgress,
  Vertex,
  VertexLog,
  VertexStatus,
  VertexWarning,
} from '../../lib/build/progress.ts'
import { shortId } from '../../lib/core/ids.ts'
import type { Dockerfile } from '../../lib/dockerfile/ast.ts'
import type { ProgressStream } from '../images/progress.ts'
import { planLines } from './plan.ts'
import { ToldLine } from './told-line.ts'

/** How progress tells a step that was stopped because something else failed. */
const STOPPED = 'context canceled'

/** Bytes of output that a client may leave unread; what comes beyond is left out, and said to be. */
const MAX_UNREAD = 16 * 1024 * 1024
const CLIPPED = Buffer.from('\n[output clipped, it comes faster than it is read]\n')

/**
 * Tells a build in the words of Docker's first builder, which clients read: one instruction after the other, whatever is done side by
 * side.
 */
export class ClassicProgress implements BuildProgress {
  readonly #stream: ProgressStream
  readonly #removes: boolean
  readonly #byDigest = new Map<string, ToldLine>()
  readonly #warnings: string[] = []
  #lines: ToldLine[] = []
  /** Whose turn it is. */
  #next = 0
  #isBuilt = false
  #isClipped = false
  #image: string | undefined

  /** `removes`: intermediate containers are said to be removed. */
  constructor(stream: ProgressStream, removes: boolean) {
    this.#stream = stream
    this.#removes = removes
  }

  plan(dockerfile: Dockerfile, stages: readonly number[]): void {
    if (this.#lines.length > 0) return
    const planned = planLines(dockerfile, stages)
    const telling = { total: planned.length, removes: this.#removes, say: this.#say }
    this.#lines = planned.map((one, index) => new ToldLine(one, index + 1, telling))
    this.#advance()
  }

  vertex(vertex: Vertex): void {
    const { digest, started, completed, cached = false, error } = vertex
    const line = started && this.#lineOf(vertex)
    if (!line) return
    this.#byDigest.set(digest, line)
    line.isStarted = true
    line.isCached = cached
    // What a stage does next, it does when all before is done.
    for (const earlier of this.#lines.slice(0, line.number - 1))
      if (earlier.planned.stage === line.planned.stage) earlier.isDone = true
    if (completed && error === undefined) line.isDone = true
    if (error !== undefined && error !== STOPPED) this.#jumpTo(line)
    else this.#advance()
  }

  status({ id, vertex, current, total, completed }: VertexStatus): void {
    if (this.#byDigest.get(vertex)?.planned.kind !== 'FROM') return
    if (completed) this.#stream.tellState(shortId(id), 'Pull complete')
    else this.#stream.tellState(shortId(id), 'Downloading', current, total)
  }

  log({ vertex, stream, data }: VertexLog): void {
    const line = this.#byDigest.get(vertex)
    const isClipped = this.#stream.waiting > MAX_UNREAD
    if (!isClipped) line?.output(stream, data)
    else if (!this.#isClipped) line?.output(stream, CLIPPED)
    this.#isClipped = isClipped
  }

  warning({ rule, short }: VertexWarning): void {
    // The checks of Dockerfiles came with a later builder.
    if (rule === '') this.#warnings.push(short)
  }

  /** The build is over. `image`: the id of what it made; `undefined`: no image. */
  finish(image: string | undefined, names: readonly string[]): void {
    this.#isBuilt = true
    this.#image = image
    for (const line of this.#lines) line.isDone = true
    this.#advance()
    if (image !== undefined) this.#stream.tell({ aux: { ID: image } })
    for (const warning of this.#warnings) this.#say(`[Warning] ${warning}\n`)
    if (image === undefined) return
    this.#say(`Successfully built ${shortId(image)}\n`)
    for (const name of names) this.#say(`Successfully tagged ${name}\n`)
  }

  #lineOf({ digest, line: at }: Vertex): ToldLine | undefined {
    const known = this.#byDigest.get(digest)
    return known ?? this.#lines.find(({ planned }) => planned.isStep && planned.line === at)
  }

  /** Tells as many instructions as have had their turn. The arrow of the last says what was built. */
  #advance(): void {
    for (let line = this.#lines[this.#next]; line; line = this.#lines[++this.#next]) {
      line.begin()
      const isLast = line.number === this.#lines.length
      if (!line.isDone || (isLast && !this.#isBuilt)) return
      line.end(isLast && this.#image !== undefined ? shortId(this.#image) : undefined)
    }
  }

  /** What failed is told with all that it said, also before its turn; then nothing more. */
  #jumpTo(failed: ToldLine): void {
    for (const line of this.#lines.slice(this.#next, failed.number)) {
      if (line.planned.stage !== failed.planned.stage) continue
      line.begin()
      if (line !== failed) line.end()
    }
    this.#next = this.#lines.length
  }

  readonly #say = (stream: string): void => this.#stream.tell({ stream })
}
