import { writeSync } from 'node:fs'

const OUT = 1
const ERR = 2

/** Text to standard output, or bytes as they are; all of it before this returns. */
export const writeOut = (text: string | Buffer): void => write(OUT, text)

/** Text to standard error. */
export const writeErr = (text: string): void => write(ERR, text)

/**
 * Not through `process.stdout`: making a stream of it costs 3 ms. A reader that has gone ends the program quietly, as it
 * ends any other (`lighter ps | head -1`).
 */
function write(fd: number, text: string | Buffer): void {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EPIPE') process.exit(process.exitCode ?? 0)
      if (code !== 'EAGAIN') throw error
      // The pipe is full, and somebody who shares it made it non-blocking.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  }
}

/** The same for what needs a stream: output that waits, a terminal's size. */
export function outputStream(fd: 1 | 2): NodeJS.WriteStream {
  const stream = fd === OUT ? process.stdout : process.stderr
  if (!guarded.has(fd)) {
    guarded.add(fd)
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0)
      throw error
    })
  }
  return stream
}

const guarded = new Set<number>()
