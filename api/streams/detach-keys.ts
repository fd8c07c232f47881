import { badRequest } from '../http/errors.ts'

/** ctrl-p, ctrl-q. */
const USUAL = [16, 17]

/**
 * The keys that detach a client from a terminal: bytes that are held back until it is clear whether all of them come. What Docker's
 * clients send for it is `ctrl-p,ctrl-q`; `''` stands for the usual ones.
 */
export class DetachKeys {
  readonly #keys: readonly number[]
  #matched = 0

  /** `called`: how the sentence about wrong ones calls them. Throws 400. */
  constructor(text: string, called: 'detach' | 'escape' = 'detach') {
    this.#keys = text === '' ? USUAL : [...bytesOfKeys(text, called)]
  }

  /** What goes on to the terminal of what was typed, and whether the keys were complete: what comes after them goes nowhere. */
  filter(typed: Buffer): { bytes: Buffer; isDetached: boolean } {
    if (this.#matched === 0 && !typed.includes(this.#keys[0] ?? 0)) {
      return { bytes: typed, isDetached: false }
    }
    const passed: number[] = []
    for (const byte of typed) {
      if (byte === this.#keys[this.#matched]) {
        if (++this.#matched < this.#keys.length) continue
        this.#matched = 0
        return { bytes: Buffer.from(passed), isDetached: true }
      }
      const held = [...this.#keys.slice(0, this.#matched), byte]
      this.#matched = this.#restart(held)
      passed.push(...held.slice(0, held.length - this.#matched))
    }
    return { bytes: Buffer.from(passed), isDetached: false }
  }

  /** How much of the end of what was held back begins the keys anew. */
  #restart(held: readonly number[]): number {
    for (let length = held.length - 1; length > 0; length--) {
      const end = held.slice(-length)
      if (end.every((byte, at) => byte === this.#keys[at])) return length
    }
    return 0
  }
}

/** The bytes of keys as they were asked for, none of `''`. Throws 400. */
export const bytesOfKeys = (text: string, called = 'detach'): Buffer =>
  Buffer.from(text === '' ? [] : text.split(',').map((key) => byteOf(key, text, called)))

/** A key is one character, or `ctrl-` with one of a-z @ [ \ ] ^ _. */
function byteOf(key: string, text: string, called: string): number {
  const [, control] = /^ctrl-([a-z@[\\\]^_])$/.exec(key) ?? []
  if (control !== undefined) return control.toUpperCase().charCodeAt(0) - 64
  if (key.length === 1 && key.charCodeAt(0) < 128) return key.charCodeAt(0)
  throw badRequest(`Invalid ${called} keys (${text}) provided`)
}
