import { StringDecoder } from 'node:string_decoder'
import { randomHex } from '../../lib/core/random.ts'
import type { PlannedLine } from './plan.ts'

/** Bytes of output that wait for their turn; an instruction with more is told before its turn. */
const MAX_WAITING = 256 * 1024

/** How the lines of one build are told. */
export interface Telling {
  /** How many instructions there are. */
  total: number
  /** Intermediate containers are said to be removed. */
  removes: boolean
  say(text: string): void
}

/** One instruction, as Docker's first builder tells it: what it is, what its command says, what came out. */
export class ToldLine {
  readonly planned: PlannedLine
  readonly number: number
  isStarted = false
  isDone: boolean
  isCached = false
  readonly #telling: Telling
  /** What stands for the container of a RUN: nobody can ask for it. */
  readonly #container = randomHex(6)
  readonly #decoders = { 1: new StringDecoder('utf8'), 2: new StringDecoder('utf8') }
  readonly #waiting: string[] = []
  #waitingBytes = 0
  #isTold = false
  #isRunTold = false

  constructor(planned: PlannedLine, number: number, telling: Telling) {
    this.planned = planned
    this.number = number
    this.isDone = !planned.isStep
    this.#telling = telling
  }

  /** Says what the instruction is, and what is known of it by now. What was said is not said again. */
  begin(): void {
    const { say, total } = this.#telling
    if (!this.#isTold) {
      this.#isTold = true
      say(`Step ${this.number}/${total} : ${this.planned.text}`)
      say('\n')
    }
    if (this.#runs && !this.#isRunTold) {
      this.#isRunTold = true
      say(` ---> Running in ${this.#container}\n`)
    }
    for (const text of this.#waiting.splice(0)) say(text)
    this.#waitingBytes = 0
  }

  /** What its command says; before its turn it waits. */
  output(stream: 1 | 2, data: Buffer): void {
    const text = this.#decoders[stream].write(data)
    if (text === '') return
    this.#waiting.push(stream === 2 ? `\x1b[91m${text}\x1b[0m` : text)
    this.#waitingBytes += text.length
    if (this.#isTold || this.#waitingBytes > MAX_WAITING) this.begin()
  }

  /** `image`: what it made; without it what stands for that. */
  end(image = this.planned.fingerprint): void {
    const { say, removes } = this.#telling
    if (this.planned.stage < 0) return
    if (this.#runs && removes) say(` ---> Removed intermediate container ${this.#container}\n`)
    if (this.isCached && this.planned.kind !== 'FROM') say(' ---> Using cache\n')
    say(` ---> ${image}\n`)
  }

  get #runs(): boolean {
    return this.planned.kind === 'RUN' && this.isStarted && !this.isCached
  }
}
