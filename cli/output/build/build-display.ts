import type { BuildProgress } from '../../../lib/build/progress.ts'
import type { Trace } from './trace.ts'

/** Where progress is written; of a terminal it is known how large it is. */
export interface Out {
  write(text: string): unknown
  isTTY?: boolean
  columns?: number
  rows?: number
}

/** Time, and what happens later. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  after(milliseconds: number, action: () => void): { stop(): void }
  every(milliseconds: number, action: () => void): { stop(): void }
}

export interface BuildDisplay extends BuildProgress {
  /** What it was told. */
  readonly trace: Trace
  /** Shows what is not shown yet, and what steps that failed have printed. Nothing may be told any more. */
  close(): void
}

export type DisplayMode = 'auto' | 'plain' | 'tty' | 'quiet' | 'rawjson'

/** What a display says of the builder. */
export interface DisplayTitle {
  builder: string
  driver: string
}
