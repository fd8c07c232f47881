import { readSync } from 'node:fs'
import { isErrno, LighterError } from '../../lib/core/errors.ts'
import { writeOut } from './write.ts'

const MAX_ANSWER = 4096
const [CONTROL_C, CONTROL_D, BACKSPACE, LINE_FEED, RETURN, DELETE] = [3, 4, 8, 10, 13, 127]

/** Asks on standard output for one line of standard input. Throws `usage` when the input ends before. */
export function ask(question: string): string {
  writeOut(question)
  const bytes: number[] = []
  for (let byte = readByte(); byte !== LINE_FEED; byte = readByte()) {
    if (byte === undefined) throw ended()
    if (bytes.length < MAX_ANSWER) bytes.push(byte)
  }
  return Buffer.from(bytes).toString('utf8').trim()
}

/** As `ask`, on a terminal, and without showing what is typed. Throws `usage` at an end of input or an interrupt. */
export function askSecret(question: string): string {
  // Before the question: what is typed at once must not be seen either.
  process.stdin.setRawMode(true)
  try {
    writeOut(question)
    return readSecret()
  } finally {
    process.stdin.setRawMode(false)
    writeOut('\n')
  }
}

/** A terminal in raw mode leaves the keys to us. */
function readSecret(): string {
  const bytes: number[] = []
  for (;;) {
    const byte = readByte()
    if (byte === undefined || byte === CONTROL_C || (byte === CONTROL_D && bytes.length === 0)) {
      throw ended()
    }
    if (byte === LINE_FEED || byte === RETURN || byte === CONTROL_D) {
      return Buffer.from(bytes).toString('utf8')
    }
    if (byte === BACKSPACE || byte === DELETE) bytes.pop()
    else if (bytes.length < MAX_ANSWER) bytes.push(byte)
  }
}

const ended = (): LighterError => new LighterError('usage', 'error while reading input: EOF')

/** The next byte of standard input; `undefined` at its end. */
export function readByte(): number | undefined {
  const byte = Buffer.alloc(1)
  for (;;) {
    try {
      return readSync(0, byte) === 1 ? byte[0] : undefined
    } catch (error) {
      if (isErrno(error, 'EOF')) return undefined
      if (!isErrno(error, 'EAGAIN')) throw error
      // Somebody who shares the terminal made it non-blocking.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    }
  }
}
