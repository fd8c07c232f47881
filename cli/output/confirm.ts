import { readByte } from './ask.ts'
import { writeOut } from './write.ts'

/** Asks before something is removed; only `y` is a yes, and the end of the input is a no. */
export function confirm(warning: string): boolean {
  writeOut(`${warning} [y/N] `)
  return readLine().trim().toLowerCase() === 'y'
}

const MAX_ANSWER = 1024
const LINE_FEED = 10

function readLine(): string {
  let line = ''
  while (line.length < MAX_ANSWER) {
    const byte = readByte()
    if (byte === undefined || byte === LINE_FEED) break
    line += String.fromCharCode(byte)
  }
  return line
}
