import { isatty } from 'node:tty'
import { formatSize } from '../../lib/core/units.ts'
import { writeErr } from './write.ts'

const SAVE = '\x1b[s'
const RESTORE = '\x1b[u\x1b[2K'
const HIDE = '\x1b[?25l'
const SHOW = '\x1b[?25h'
const INTERVAL_MS = 50

/** The line that grows while `cp` copies, on a terminal only, and the sentence at its end. */
export class CopyProgress implements Disposable {
  readonly #quiet: boolean
  readonly #header: string
  readonly #terminal: boolean
  #bytes = 0
  #shown = 0
  #at = 0
  #open: boolean

  constructor(quiet: boolean, header: string) {
    this.#quiet = quiet
    this.#header = header
    this.#terminal = !quiet && isatty(2)
    this.#open = this.#terminal
    if (!this.#terminal) return
    writeErr(`${SAVE}Preparing to copy...${HIDE}${RESTORE}${header}${formatSize(0)}`)
  }

  add(count: number): void {
    this.#bytes += count
    const now = Date.now()
    if (!this.#terminal || now - this.#at < INTERVAL_MS || this.#bytes === this.#shown) return
    this.#at = now
    this.#shown = this.#bytes
    writeErr(`${RESTORE}${this.#header}${formatSize(this.#bytes)}`)
  }

  /** Nothing goes wrong any more. */
  finish(destination: string): void {
    this[Symbol.dispose]()
    if (this.#quiet) return
    writeErr(`Successfully copied ${formatSize(this.#bytes)} to ${destination}\n`)
  }

  [Symbol.dispose](): void {
    if (this.#open) writeErr(`${SHOW}${RESTORE}`)
    this.#open = false
  }
}
