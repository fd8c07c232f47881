import { formatProgress, formatSeconds } from './amounts.ts'
import type { BuildDisplay, Clock, Out } from './build-display.ts'
import type { Step } from './step.ts'
import { describeFailures, Trace } from './trace.ts'

/** Not more often than this, in milliseconds, is something written. */
const INTERVAL = 100
/** A step is shown for so long at least, however much others have to say. */
const ANTI_FLICKER = 5000
/** After so long a step that others hide gets its turn. */
const MAX_HIDDEN = 10_000
/** How far, and after how long, a status must have come to be worth another line. */
const MIN_STATUS_SHARE = 0.05
const MIN_STATUS_TIME = 5000

/** What the printer remembers of a step. */
interface Shown {
  number: number
  /** Characters of its first line that stand there already. */
  offset: number
  /** How much it has had to say since it was shown last, and since when. */
  count: number
  since: number
  statuses: Map<string, { current: number; time: number }>
}

/**
 * BuildKit's plain progress: numbered steps, one at a time. What has ended is written first; of what runs, the step that says most has the
 * word, and the others wait for a while.
 */
export function showPlain(out: Out, clock: Clock, title: string): BuildDisplay {
  const printer = new PlainPrinter(out, clock)
  if (title !== '') out.write(`#0 ${title}\n\n`)
  const { trace } = printer
  return {
    trace,
    vertex: (vertex) => trace.vertex(vertex),
    status: (status) => trace.status(status),
    log: (log) => trace.log(log),
    warning: (warning) => trace.warning(warning),
    close: () => printer.close(),
  }
}

class PlainPrinter {
  readonly trace = new Trace((step) => this.#touch(step))
  readonly #out: Out
  readonly #clock: Clock
  readonly #shown = new Map<Step, Shown>()
  readonly #updates = new Set<Step>()
  #current: Step | undefined
  #count = 0
  #isFirst = true
  #at: number
  #timer: { stop(): void } | undefined
  #text = ''

  constructor(out: Out, clock: Clock) {
    this.#out = out
    this.#clock = clock
    this.#at = clock.now()
  }

  close(): void {
    this.#refresh()
    this.#out.write(describeFailures(this.trace))
  }

  #touch(step: Step): void {
    const shown = this.#shownOf(step)
    if (shown.count === 0) shown.since = this.#clock.now()
    shown.count += 1
    if (step.isStarted) this.#updates.add(step)
    if (this.#timer) return
    const wait = this.#at + INTERVAL - this.#clock.now()
    // At least a turn of the loop: what belongs together comes together.
    this.#timer = this.#clock.after(Math.max(0, wait), () => this.#refresh())
  }

  #shownOf(step: Step): Shown {
    const known = this.#shown.get(step)
    if (known) return known
    const shown = { number: 0, offset: 0, count: 0, since: this.#clock.now(), statuses: new Map() }
    this.#shown.set(step, shown)
    return shown
  }

  #refresh(): void {
    this.#timer?.stop()
    this.#timer = undefined
    this.#at = this.#clock.now()
    this.#showChanges()
    if (this.#text !== '') this.#out.write(this.#text)
    this.#text = ''
  }

  #showChanges(): void {
    const current = this.#current
    const changed = [...this.#updates]
    const ended = changed.filter(({ info }) => info.completed)
    const running = changed.filter(({ info }) => !info.completed)
    if (current && ended.includes(current)) this.#show(current)
    for (const step of ended.sort(byCompletion)) if (step !== current) this.#show(step)
    if (running.length === 0) {
      this.#showAnyOpen(current)
      return
    }
    if (current && running.includes(current)) this.#show(current)
    const next = this.#chooseNext(running, current, !current || ended.includes(current))
    if (next) this.#show(next)
  }

  /** Whoever reads should see what is being done. */
  #showAnyOpen(current: Step | undefined): void {
    if (current && !current.info.completed) {
      if (this.#current !== current) this.#show(current)
      return
    }
    const open = this.trace.started.find(({ info }) => !info.completed)
    if (open && open !== this.#current) this.#show(open)
  }

  /** The running step that is to have the word, `undefined` for the one that has it. */
  #chooseNext(running: Step[], current: Step | undefined, isFree: boolean): Step | undefined {
    const candidates =
      current && !current.info.completed ? [...new Set([...running, current])] : running
    const now = this.#clock.now()
    const waits = candidates.map((step) => {
      const { since, count } = this.#shownOf(step)
      const time = now - since
      return {
        step,
        time,
        speed: count / Math.max(time, 1),
        isLate: time > MAX_HIDDEN && step !== current,
      }
    })
    const fastest = waits.reduce((best, next) =>
      next.isLate || next.speed > best.speed ? next : best,
    )
    if (isFree) return fastest.step
    const late = waits.find(({ isLate }) => isLate)
    if (late) return late.step
    const own = waits.find(({ step }) => step === current)
    if (!own) return fastest.step
    const others = 1 - own.speed / waits.reduce((sum, { speed }) => sum + speed, 0)
    return ANTI_FLICKER / others < own.time && fastest !== own ? fastest.step : undefined
  }

  #show(step: Step): void {
    const shown = this.#shownOf(step)
    if (step !== this.#current) this.#changeTo(step, shown)
    this.#showStatuses(step, shown)
    this.#showLines(step, shown)
    this.#current = step
    if (step.info.completed) this.#finish(step, shown)
    this.#updates.delete(step)
  }

  #changeTo(step: Step, shown: Shown): void {
    const old = this.#current
    if (old) {
      const before = this.#shownOf(old)
      if (old.partial) this.#text += '\n'
      before.offset = 0
      before.count = 0
      this.#text += `#${before.number} ...\n`
    }
    if (!this.#isFirst) this.#text += '\n'
    this.#isFirst = false
    if (shown.number === 0) shown.number = ++this.#count
    this.#text += `#${shown.number} ${step.name}\n`
  }

  #showStatuses(step: Step, { number, statuses }: Shown): void {
    for (const status of step.statuses.values()) {
      if (!step.changed.has(status.id)) continue
      const { id, current, total, started, completed } = status
      const time = status.timestamp.getTime()
      const last = statuses.get(id)
      if (last && !completed) {
        const share = total > 0 ? (current - last.current) / total : 0
        if (share < MIN_STATUS_SHARE && time - last.time < MIN_STATUS_TIME) continue
      }
      statuses.set(id, { current, time })
      const amount = formatProgress(current, total)
      const took = (completed?.getTime() ?? time) - (started?.getTime() ?? time)
      const parts = [id, amount, took > 10 ? formatSeconds(took) : '', completed ? 'done' : '']
      this.#text += `#${number} ${parts.filter(Boolean).join(' ')}\n`
    }
    step.changed.clear()
  }

  #showLines(step: Step, shown: Shown): void {
    const last = step.lines.length - 1
    for (const [index, line] of step.lines.entries()) {
      const isBegun = index === 0 && shown.offset > 0
      this.#text += isBegun ? line.slice(shown.offset) : `#${shown.number} ${line}`
      if (index < last || !step.partial) this.#text += '\n'
    }
    if (last < 0) return
    const rest = step.partial ? step.lines.slice(-1) : []
    step.lines = rest
    shown.offset = rest[0]?.length ?? 0
  }

  #finish(step: Step, shown: Shown): void {
    this.#current = undefined
    shown.count = 0
    if (step.partial) this.#text += '\n'
    step.partial = false
    step.lines = []
    shown.offset = 0
    this.#text += `#${shown.number} ${describeEnd(step)}\n`
  }
}

const byCompletion = (a: Step, b: Step): number =>
  (a.info.completed?.getTime() ?? 0) - (b.info.completed?.getTime() ?? 0)

function describeEnd({ info, failure, isCancelled }: Step): string {
  if (isCancelled) return 'CANCELED'
  if (failure) return `ERROR: ${failure}`
  if (info.cached) return 'CACHED'
  if (!info.started || !info.completed) return 'DONE'
  return `DONE ${formatSeconds(info.completed.getTime() - info.started.getTime())}`
}
