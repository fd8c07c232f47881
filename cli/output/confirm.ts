import { readSync } from 'node:fs'
import { isErrno } from '../../lib/core/errors.ts'
import { writeOut } from './write.ts'

/** Asks before something is removed; only `y` is a yes, and the end of the input is a no. */
export function confirm(warning: string): boolean {
  writeOut(`${warning} [y/N] `)
  return readLine().trim().toLowerCase() === 'y'
}

const MAX_ANSWER = 1024

function readLine(): string {
  const byte = Buffer.alloc(1)
  let line = ''
  while (line.length < MAX_ANSWER && readByte(byte) && byte[0] !== 10)
    line += byte.toString('latin1')
  return line
}

function readByte(byte: Buffer): boolean {
  for (;;) {
    try {
      return readSync(0, byte) === 1
    } catch (error) {
      if (isErrno(error, 'EOF')) return false
      if (!isErrno(error, 'EAGAIN')) throw error
      // Somebody who shares the terminal made it non-blocking.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    }
  }
}
