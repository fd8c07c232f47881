import type { Clock, Out } from '../../../../../cli/output/build/build-display.ts'
import type { BuildProgress } from '../../../../../lib/build/progress.ts'

/** A clock that goes on when it is told to, and a terminal or file that keeps what is written. */
export class Scene implements Clock {
  text = ''
  readonly out: Out & { columns: number; rows: number }
  #now = Date.parse('2026-01-01T00:00:00Z')
  readonly #begun = this.#now
  #timers: { at: number; every: number; action: () => void }[] = []

  constructor(size?: { columns: number; rows: number }) {
    this.out = {
      write: (text) => {
        this.text += text
      },
      isTTY: size !== undefined,
      columns: size?.columns ?? 80,
      rows: size?.rows ?? 24,
    }
  }

  now = (): number => this.#now

  after = (milliseconds: number, action: () => void): { stop(): void } =>
    this.#add(milliseconds, 0, action)

  every = (milliseconds: number, action: () => void): { stop(): void } =>
    this.#add(milliseconds, milliseconds, action)

  #add(milliseconds: number, every: number, action: () => void): { stop(): void } {
    const timer = { at: this.#now + milliseconds, every, action }
    this.#timers.push(timer)
    return {
      stop: () => {
        this.#timers = this.#timers.filter((other) => other !== timer)
      },
    }
  }

  get waiting(): number {
    return this.#timers.length
  }

  /** Lets time go on, to so many milliseconds after the beginning. */
  to(milliseconds: number): void {
    const end = this.#begun + milliseconds
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (!next) break
      this.#now = Math.max(this.#now, next.at)
      if (next.every > 0) next.at += next.every
      else this.#timers = this.#timers.filter((timer) => timer !== next)
      next.action()
    }
    this.#now = end
  }

  take(): string {
    const { text } = this
    this.text = ''
    return text
  }
}

/** Tells a display of steps, at the time of the scene. */
export class Teller {
  readonly #scene: Scene
  readonly #progress: BuildProgress
  readonly #started = new Map<string, Date>()

  constructor(scene: Scene, progress: BuildProgress) {
    this.#scene = scene
    this.#progress = progress
  }

  get #now(): Date {
    return new Date(this.#scene.now())
  }

  plan(name: string): void {
    this.#progress.vertex({ digest: `sha256:${name}`, inputs: [], name })
  }

  start(name: string): void {
    this.#started.set(name, this.#now)
    this.#progress.vertex({ digest: `sha256:${name}`, inputs: [], name, started: this.#now })
  }

  end(name: string, more: { cached?: boolean; error?: string } = {}): void {
    const started = this.#started.get(name) ?? this.#now
    this.#progress.vertex({
      digest: `sha256:${name}`,
      inputs: [],
      name,
      started,
      completed: this.#now,
      ...more,
    })
  }

  log(name: string, text: string): void {
    const data = Buffer.from(text)
    this.#progress.log({ vertex: `sha256:${name}`, stream: 1, data, timestamp: this.#now })
  }

  status(name: string, id: string, current: number, total = 0, isDone = false): void {
    const started = this.#started.get(`${name} ${id}`) ?? this.#now
    this.#started.set(`${name} ${id}`, started)
    this.#progress.status({
      id,
      vertex: `sha256:${name}`,
      current,
      total,
      timestamp: this.#now,
      started,
      ...(isDone ? { completed: this.#now } : {}),
    })
  }
}
