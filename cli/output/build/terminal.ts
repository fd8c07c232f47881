import { formatSeconds } from './amounts.ts'
import type { BuildDisplay, Clock, Out } from './build-display.ts'
import { createPainter, faint } from './colours.ts'
import { LogWindow } from './log-window.ts'
import { fitRows, type Row, rowsOf } from './rows.ts'
import type { Step } from './step.ts'
import { describeFailures, Trace } from './trace.ts'

/** Milliseconds between two frames where there is something new, and where only time goes on. */
const INTERVAL = 100
const TICK = 150
/** Lines of what a step prints, beside its row. */
const LOG_LINES = 6
/** Columns that lines of a log do not have. */
const LOG_MARGIN = 10
/** Of what a step has printed so many lines are shown again when it fails. */
const KEPT_LINES = 2000
/** A name that has fewer columns tells nothing. */
const MIN_NAME = 12

// Lines that are too long must not wrap: the rows would be counted wrong, and the frame wander.
const BEGIN = '\x1b[?25l\x1b[?7l'
const END = '\x1b[?7h\x1b[?25h'
const ERASE_LINE = '\x1b[K'
const ERASE_BELOW = '\x1b[J'

/** BuildKit's progress on a terminal: a region that is drawn over, one row for each step. */
export function showTerminal(
  out: Out,
  clock: Clock,
  title: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): BuildDisplay {
  const screen = new Screen(out, clock, title, environment)
  const { trace } = screen
  return {
    trace,
    vertex: (vertex) => trace.vertex(vertex),
    status: (status) => trace.status(status),
    log: (log) => trace.log(log),
    warning: (warning) => trace.warning(warning),
    close: () => screen.close(),
  }
}

class Screen {
  readonly trace = new Trace((step, text) => this.#touch(step, text), KEPT_LINES)
  readonly #out: Out
  readonly #clock: Clock
  readonly #title: string
  readonly #paint: ReturnType<typeof createPainter>
  readonly #logLines: number
  readonly #windows = new Map<Step, { window: LogWindow; shown: number }>()
  readonly #begun: number
  readonly #ticker: { stop(): void }
  #drawn = 0
  #at = Number.NEGATIVE_INFINITY

  constructor(
    out: Out,
    clock: Clock,
    title: string,
    environment: Readonly<Record<string, string | undefined>>,
  ) {
    this.#out = out
    this.#clock = clock
    this.#title = title
    this.#paint = createPainter(environment)
    this.#logLines = Number(environment.BUILDKIT_TTY_LOG_LINES) || LOG_LINES
    this.#begun = clock.now()
    this.#ticker = clock.every(TICK, () => this.#draw(false))
  }

  close(): void {
    this.#ticker.stop()
    this.#draw(true)
    this.#out.write(describeFailures(this.trace))
  }

  #touch(step: Step, text: string): void {
    step.lines = []
    if (text !== '') this.#windowOf(step).window.write(text)
    if (this.#clock.now() - this.#at >= INTERVAL) this.#draw(false)
  }

  #windowOf(step: Step): { window: LogWindow; shown: number } {
    const known = this.#windows.get(step)
    if (known) return known
    const { width, height } = this.#size()
    const made = {
      window: new LogWindow(width - LOG_MARGIN, this.#logHeight(height)),
      shown: 0,
    }
    this.#windows.set(step, made)
    return made
  }

  #size(): { width: number; height: number } {
    return { width: this.#out.columns || 80, height: this.#out.rows || 10 }
  }

  #logHeight = (height: number): number =>
    Math.max(LOG_LINES, Math.min(this.#logLines, height - LOG_LINES - 1))

  #draw(isLast: boolean): void {
    const now = this.#clock.now()
    this.#at = now
    const { width, height } = this.#size()
    const rows = this.trace.started.flatMap((step) => rowsOf(step, now))
    const logs = this.#chooseLogs(rows, width, height)
    const used = [...logs.values()].reduce((sum, lines) => sum + lines.length, 0)
    const shown = isLast ? rows : fitRows(rows, height - 2 - used)
    const body = shown.flatMap((row) => [
      ...this.#rowText(row, width),
      ...(row.step ? (logs.get(row.step) ?? []) : []),
    ])
    const lines = [this.#head(now, width, isLast), ...body]
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A\r` : ''
    const text = lines.map((line) => `${line}${ERASE_LINE}\n`).join('')
    this.#out.write(`${BEGIN}${up}${text}${ERASE_BELOW}${END}`)
    this.#drawn = lines.length
  }

  #head(now: number, width: number, isLast: boolean): string {
    const steps = [...this.trace.steps.values()]
    const completed = steps.filter(({ isCompleted }) => isCompleted).length
    const isFinished = isLast && completed > 0 && completed === steps.length
    const from = this.trace.started[0]?.info.started?.getTime() ?? this.#begun
    const took = formatSeconds(Math.max(0, now - from))
    const end = isFinished ? ' FINISHED' : ''
    const left = `[+] Building ${took} (${completed}/${steps.length})${end}`
    return align(left, this.#title, width - 1).slice(0, width)
  }

  #rowText({ name, amount, duration, mood }: Row, width: number): string[] {
    const time = formatSeconds(duration < 50 ? 0 : duration)
    const room = width - ' => '.length - time.length - 3
    const isAmountShown = amount !== '' && room > 20 - amount.length
    const left = isAmountShown ? room - amount.length - 1 : room
    if (left < MIN_NAME) return []
    const text = ` => ${name.slice(0, left)}${isAmountShown ? ` ${amount}` : ''}`
    const line = align(text, time, width - 1)
    return [mood ? this.#paint(line, mood) : line]
  }

  /** What running steps print, as far as there is room; those that print most come first, until they have been seen long enough. */
  #chooseLogs(rows: readonly Row[], width: number, height: number): Map<Step, string[]> {
    const limit = this.#logHeight(height)
    const running = rows.filter(({ mood }) => mood === undefined)
    const candidates = running
      .flatMap(({ step }) => (step ? [step] : []))
      .map((step) => ({ step, entry: this.#windows.get(step) }))
      .filter(({ entry }) => (entry?.window.written ?? 0) > 0)
      .sort((a, b) => weight(b.entry) - weight(a.entry))
    const chosen = new Map<Step, string[]>()
    let free = height - 2 - running.length
    for (const { step, entry } of candidates) {
      if (!entry || free <= limit + 3) break
      entry.window.resize(width - LOG_MARGIN, limit)
      entry.shown += 1
      chosen.set(
        step,
        entry.window.lines().map((line) => faint(` => => # ${line}`)),
      )
      free -= limit + 3
    }
    return chosen
  }
}

const weight = (entry: { window: LogWindow; shown: number } | undefined): number =>
  entry ? entry.window.written + entry.shown * 50 : 0

/** Two texts at the ends of a line. */
const align = (left: string, right: string, width: number): string =>
  `${left.padEnd(Math.max(0, width - right.length - 1))} ${right}`
